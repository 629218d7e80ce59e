//! The error codes of the GST system's sign-in protocol, in its own words (domain.md 4.2 and 3.3).

use super::irp_code::codes;

codes! {
    /// What the GSTN door says when it refuses.
    pub enum GstnCode {
        /// The header `clientid` is missing.
        ClientIdMissing = "AUT4031", "Client ID is Null";
        /// The header `client-secret` is missing.
        ClientSecretMissing = "AUT4032", "Client-Secret is Null";
        /// No such integrator key, or one that was disabled.
        InvalidClientId = "AUT4033", "Invalid Client ID";
        /// The secret of the integrator key is wrong.
        InvalidClientSecret = "AUT4034", "Invalid Client-Secret";
        /// There is no such user of the GST portal.
        InvalidUser = "AUTH4032", "Invalid USER";
        /// The token is none of ours, or no OTP is waiting to be typed.
        InvalidSession = "AUTH4033", "Invalid Session";
        /// The OTP is wrong.
        InvalidOtp = "AUTH4034", "Invalid OTP";
        /// There is no such action.
        InvalidAction = "AUTH4035", "Invalid Request Action";
        /// The app key does not decrypt to 32 bytes.
        InvalidAppKey = "AUTH4036", "Invalid App Key";
        /// API access is off or over.
        AccessDenied = "AUTH4037", "API access is not available or user expiry Duration is less than or equal to auth token expiry duration";
        /// The token is over or was ended.
        SessionExpired = "AUTH4038", "Session Expired";
        /// A field of the body has the wrong type.
        InvalidData = "AUTH4039", "Invalid Data Object";
        /// The body is not JSON that we can read.
        Malformed = "AUTH4040", "Malformed Request Detected";
        /// The header `state-cd` is missing, or is not the state of the user's GSTIN.
        InvalidStateCode = "AUTH4041", "Invalid State Code";
        /// The integrator key is for the GSTINs of another PAN.
        ClientNotMapped = "RET11402", "Unauthorized User!";
        /// The integrator has as many sessions for this user as it may have.
        TooManySessions = "AUTH403", "Maximum session allowed for user with this GSP account exceeded.";
        /// A field that the action needs is missing.
        MissingParameter = "GEN5001", "Missing Mandatory Params";
        /// Too many calls, too many OTPs, or too many wrong ones.
        TooMany = "SWEB9035", "Account is Locked.";
        /// We failed.
        Technical = "TEC4001", "Technical Error";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_stands_for_two_things() {
        let codes: HashSet<_> = GstnCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), GstnCode::ALL.len());
    }
}
