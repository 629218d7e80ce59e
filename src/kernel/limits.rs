//! Every number of `security.md` 3 that a running server obeys, in one table.
//!
//! `[limits]` in `sanad.toml` overrides one by its name; `sanad config show` prints them all.

use super::clock::{DAY, HOUR, MINUTE};

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr;)+) => {
        /// The numbers in force. Lifetimes and waits are seconds, the rest are counts or bytes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits { $($(#[doc = $doc])+ pub $name: i64,)+ }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// Name, value and meaning of each, in the order of the table.
            pub fn list(&self) -> Vec<(&'static str, i64, &'static str)> {
                vec![$((stringify!($name), self.$name, concat!($($doc),+).trim_ascii()),)+]
            }

            /// Overrides one; `false` when there is no limit of that name.
            pub fn set(&mut self, name: &str, value: i64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

limits! {
    /// Digits of an OTP.
    otp_digits = 6;
    /// Wrong OTPs an hour, over all walks of people who have proven nothing, above which theirs get more digits.
    otp_failures_before_more_digits = 300;
    /// Digits of these.
    otp_more_digits = 8;
    /// Seconds an OTP works.
    otp_life = 10 * MINUTE;
    /// Tries an OTP allows before it dies.
    otp_tries = 5;
    /// Seconds the first-time password of the GST portal works.
    first_password_life = 15 * MINUTE;
    /// Seconds between two sends of one challenge.
    otp_resend_wait = 30;
    /// OTPs an hour for one GSTIN and purpose.
    otp_sends_per_hour = 5;
    /// OTPs a day for one GSTIN and purpose.
    otp_sends_per_day = 10;
    /// Wrong OTPs a day for one GSTIN: so many of anonymous walks, and as many of signed-in ones.
    otp_failures_per_day = 20;
    /// OTPs an hour to one email address or phone, when nothing was proven before.
    destination_unproven_per_hour = 5;
    /// OTPs a day to one email address or phone, when nothing was proven before.
    destination_unproven_per_day = 10;
    /// OTPs an hour to one email address or phone, after a contact match or a password.
    destination_proven_per_hour = 60;
    /// OTPs a day to one email address or phone, after a contact match or a password.
    destination_proven_per_day = 200;
    /// OTPs an hour asked for from one address without proof.
    address_unproven_per_hour = 60;
    /// OTPs a day asked for from one address without proof.
    address_unproven_per_day = 300;
    /// OTPs an hour asked for from one address after a contact match or a password.
    address_proven_per_hour = 300;
    /// OTPs typed a minute from one address.
    address_otp_posts_per_minute = 60;
    /// Contact mismatches a day for one GSTIN.
    contact_mismatches_per_day = 5;
    /// Right contacts a day for a GSTIN that a stranger's mismatches have closed, from an address without mismatch.
    contact_matches_when_closed = 2;
    /// Different GSTINs an hour that one address may check (DV-3).
    eligibility_per_hour = 40;
    /// Different GSTINs a day that one address may check (DV-3).
    eligibility_per_day = 200;
    /// Eligibility checks a minute from one address, the same GSTIN again included.
    eligibility_posts_per_minute = 60;
    /// Times an hour that API access may be switched on for one GSTIN.
    api_access_switches_per_hour = 20;
    /// API passwords chosen in 15 minutes for one GSTIN.
    credential_posts_per_quarter = 20;
    /// Sign-ins a minute from one address.
    sign_in_posts_per_minute = 30;
    /// Failed sign-ins a minute from one address.
    sign_in_failures_per_minute = 10;
    /// Failed sign-ins an hour from one address.
    sign_in_failures_per_hour = 100;
    /// Reports of browsers a minute from one address.
    csp_reports_per_minute = 60;
    /// Failed sign-ins to one account after which each further try must wait 2, 4, 8 … seconds.
    sign_in_failures_before_wait = 5;
    /// Longest of these waits in seconds.
    sign_in_longest_wait = MINUTE;
    /// Failed sign-ins to one account that lock it.
    sign_in_failures_before_lock = 10;
    /// Seconds in which those failures are counted.
    sign_in_failure_window = 15 * MINUTE;
    /// Seconds a locked account stays locked.
    sign_in_lock = 15 * MINUTE;
    /// Wrong passwords in a browser that its owner has proven, after which it is a stranger's like any other.
    device_failures = 10;
    /// Seconds for which a browser stays known after it was last proven.
    device_life = 90 * DAY;
    /// Wrong passwords from strangers' browsers, one after the other, after which only an OTP opens the way to the password.
    sign_in_consecutive_failures = 100;
    /// Different usernames failing from one address that close it for a while.
    stuffing_usernames = 15;
    /// Seconds in which those are counted.
    stuffing_window = 3 * HOUR;
    /// Seconds for which such an address is closed.
    stuffing_block = HOUR;
    /// Wrong API passwords for one API username after which it is refused to addresses that it was not used from.
    api_sign_in_failures = 10;
    /// Seconds in which those are counted.
    api_sign_in_failure_window = 15 * MINUTE;
    /// Wrong API passwords a minute from one address.
    api_sign_in_failures_per_minute = 60;
    /// Seconds for which an address is known that an API username was used from.
    api_sign_in_address_known = 30 * DAY;
    /// Saved API credentials that one person tests a minute.
    credential_tests_per_minute = 60;
    /// Seconds in which saved API credentials can be replaced by those just typed.
    credential_replacement_life = 10 * MINUTE;
    /// Seconds a signed-in session lives without a request.
    session_idle = 15 * MINUTE;
    /// Seconds a signed-in session lives at most.
    session_absolute = 8 * HOUR;
    /// Signed-in sessions of one account; one more ends the one used longest ago.
    sessions_per_account = 5;
    /// Seconds an unfinished journey lives without a request.
    journey_idle = 30 * MINUTE;
    /// Seconds within which the registration OTP proves the creation of credentials.
    registration_proof_life = 10 * MINUTE;
    /// Seconds within which an OTP proves one operation of a signed-in person.
    step_up_life = 5 * MINUTE;
    /// Seconds for which recovery codes are shown to their owner.
    recovery_codes_shown = 10 * MINUTE;
    /// Seconds an invitation into a workspace works.
    invitation_life = 3 * DAY;
    /// Invitations a day from one workspace.
    invitations_per_day = 50;
    /// Invitations a day to one email address, from whichever workspaces.
    invitations_to_address_per_day = 10;
    /// Seconds a handoff from a workspace to the IRP lives.
    handoff_life = 30 * MINUTE;
    /// Seconds a form that outlived its session is kept for.
    draft_life = 30 * MINUTE;
    /// Password hashes computed at once.
    hash_at_once = 2;
    /// Password hashes waiting at most; the next person sees the 503 page.
    hash_queue = 32;
    /// Seconds a password hash waits at most.
    hash_wait = 2;
    /// Password hashes computed at once for software, besides those for people.
    machine_hash_at_once = 1;
    /// Password hashes for software waiting at most; the next call is answered 503.
    machine_hash_queue = 16;
    /// Bytes of a call of software.
    machine_bytes = 64 * 1024;
    /// Seconds in which the body of a call of software must have arrived.
    machine_seconds = 20;
    /// Calls a second with one integrator key.
    integrator_calls_per_second = 600;
    /// Calls a minute from one address with a wrong integrator key.
    integrator_failures_per_minute = 60;
    /// OTPs an hour asked for with one integrator key, over all GSTINs.
    integrator_otps_per_hour = 3_000;
    /// OTPs typed a minute into software with one integrator key.
    integrator_otp_posts_per_minute = 600;
    /// Envelopes a minute that do not open, from one integrator at one address.
    envelope_failures_per_minute = 60;
    /// Seconds a token of the IRP works.
    irp_token_life = 6 * HOUR;
    /// Seconds before its end in which a forced refresh gives a new token of the IRP.
    irp_token_refresh = 10 * MINUTE;
    /// Tokens of the GSTN's door that one integrator may have for one GSTIN.
    gstn_tokens = 20;
    /// Bytes of a posted form.
    form_bytes = 64 * 1024;
    /// Seconds in which a posted form must have arrived.
    form_seconds = 20;
    /// Bytes of an uploaded file.
    upload_bytes = 2 * 1024 * 1024;
    /// Seconds in which an uploaded file must have arrived.
    upload_seconds = 300;
    /// Seconds after which an upload must have brought its bytes a second.
    upload_head_start = 10;
    /// Bytes a second that an upload must bring.
    upload_bytes_per_second = 1024;
    /// GSTINs that one workspace may list.
    workspace_gstins = 10_000;
    /// Rows of a file with GSTINs to import.
    import_rows = 10_000;
    /// Files with GSTINs an hour in one workspace.
    imports_per_hour = 30;
    /// Files with GSTINs a day in one workspace.
    imports_per_day = 100;
    /// Seconds that the preview of an import is kept for.
    import_preview_life = DAY;
    /// Seconds that the result of an import is kept for.
    import_kept = 30 * DAY;
    /// Seconds that a mail server may take for one mail.
    mail_seconds = 10;
    /// SMS a day over all destinations.
    sms_per_day = 5_000;
    /// Messages kept for `/demo/messages`.
    demo_messages = 200;
    /// Seconds a delivered or failed message's row is kept, without its text.
    outbox_kept = 7 * DAY;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_overridden_by_name_and_an_unknown_name_is_told() {
        let mut limits = Limits::default();
        assert!(limits.set("otp_tries", 3));
        assert_eq!(limits.otp_tries, 3);
        assert!(!limits.set("otp_trys", 3));
    }

    #[test]
    fn every_limit_is_listed_with_its_meaning() {
        assert!(Limits::default().list().iter().all(|(_, value, meaning)| *value > 0 && meaning.len() > 10));
    }
}
