//! From what people type to what can be compared. Pure functions of one value; what they return is ASCII.

pub mod date;
pub mod email;
pub mod given_name;
mod han;
pub mod legal_form;
pub mod mojibake;
pub mod nickname;
pub mod numeral;
pub mod phone;
pub mod script;
pub mod tax_id;
pub mod text;
pub mod words;
