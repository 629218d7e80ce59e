//! Pages of no portal.

pub mod home;
pub mod robots;
pub mod text;
