//! What people have reported of other programs that say how much cash there will be, one small case each, with what is right by the rules of
//! `cases`. Each names its report.

mod erp;
mod tools;
