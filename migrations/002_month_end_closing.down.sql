-- Takes back the month-end closings and their steps.
DROP TABLE closing_steps;
DROP TABLE month_end_closings;
