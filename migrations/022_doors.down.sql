DROP TABLE stream.asked, stream.binding;
