//! Pure rules: no IO and no framework; `clock` is the only door to time.

pub mod api_access;
pub mod api_user;
pub mod browser_name;
pub mod clock;
pub mod contact;
pub mod door;
pub mod eligibility;
pub mod first_password;
pub mod gst_username;
pub mod gstin;
pub mod gstn_code;
pub mod ids;
pub mod irp_code;
pub mod letters;
pub mod limits;
pub mod name;
pub mod otp;
pub mod pan;
pub mod password;
pub mod portal;
pub mod recovery_code;
pub mod role;
pub mod taxpayer;
pub mod totp;
