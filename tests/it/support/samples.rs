//! Rows of the sample register, by what they are good for.

/// A taxpayer of the sample register with its first contacts.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub gstin: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
}

const fn sample(gstin: &'static str, email: &'static str, phone: &'static str) -> Sample {
    Sample { gstin, email, phone }
}

/// Eligible, with two email addresses and two phones.
pub const ACME: Sample = sample("29ABCDE1234F1ZW", "billing@acme.example", "9876543210");
pub const ACME_OTHER_EMAIL: &str = "accounts@acme.example";
pub const ACME_OTHER_PHONE: &str = "9876501234";
/// Eligible, with one email address and one phone.
pub const PATEL: Sample = sample("24FGHIJ5678K1Z7", "gst.patelmasalabhandar@example.in", "9876505185");
/// Eligible, with three of each.
pub const KAVERI: Sample = sample("33KLMNO9012P1ZE", "kaveri@example.in", "9876506111");
/// Eligible, without any phone.
pub const CERAMICS: Sample = sample("24MNPDQ8080S1Z7", "gst.saurashtratiles@example.in", "");
/// A test number that only the register knows.
pub const SANDBOX: Sample = sample("29ABCDE1234F001", "test1@acme.example", "9876543221");

/// Satisfies every rule and tells nothing about any sample.
pub const PASSWORD: &str = "four tall trees 7";
pub const OTHER_PASSWORD: &str = "nine green ferns 4";
pub const API_PASSWORD: &str = "Slow-Ferry_Rides 29";
