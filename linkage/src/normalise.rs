//! From what people type to what can be compared. Pure functions of one value; what they return is ASCII.

pub mod date;
pub mod email;
pub mod legal_form;
pub mod nickname;
pub mod phone;
pub mod tax_id;
pub mod text;
pub mod words;
