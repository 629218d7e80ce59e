//! The error codes of the e-invoice sign-in protocol, in the words of the national system (domain.md 4.1).

/// Makes an enum of error codes: `ALL`, `code` and `text`.
macro_rules! codes {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $($(#[$note:meta])* $value:ident = $code:literal, $text:literal;)+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$note])* #[doc = concat!("\n\n`", $code, "`: ", $text)] $value,)+
        }

        impl $name {
            /// Every code, in the order of the documents.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The code as it stands on the wire.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$value => $code,)+
                }
            }

            /// The message as it stands on the wire.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }
    };
}
pub(super) use codes;

codes! {
    /// What the IRP door says when it refuses.
    pub enum IrpCode {
        /// The header `Gstin` is missing.
        GstinMissing = "1004", "Header GSTIN is required";
        /// The token is over or was killed, or GSTIN, user and token of the headers do not belong together.
        InvalidToken = "1005", "Invalid Token";
        /// `UserName`, or the header `user_name`, is missing.
        UserNameMissing = "1006", "User Name is required";
        /// The body is not what the protocol says.
        Malformed = "1007", "Authentication failed. Pls. inform the helpdesk";
        /// Too many calls, or too many wrong ones: nothing was looked at.
        InvalidLogin = "1008", "Invalid login credentials";
        /// No such integrator key, a wrong secret, or one that was disabled.
        InvalidClient = "1010", "Invalid Client-ID/Client-Secret";
        /// The header `client_id` is missing.
        ClientIdMissing = "1011", "Client Id is required";
        /// The header `client_secret` is missing.
        ClientSecretMissing = "1012", "Client Secret is required";
        /// Version 1.03: the password does not decrypt under our key.
        PasswordUndecryptable = "1013", "Decryption of password failed";
        /// The API credentials or the account are frozen, or the GSTIN may not issue e-invoices any more.
        InactiveUser = "1014", "Inactive User";
        /// The user is of another GSTIN than the header says.
        OtherGstin = "1015", "Invalid GSTIN for this user";
        /// The AppKey is not 32 bytes.
        AppKeyUndecryptable = "1016", "Decryption of App Key failed";
        /// There is no such user.
        UnknownUser = "1017", "Incorrect user id/User does not exists";
        /// The integrator key is for the GSTINs of another PAN.
        ClientNotMapped = "1018", "Client Id is not mapped to this user";
        /// The password is wrong.
        WrongPassword = "1019", "Incorrect Password";
        /// `Data` does not decrypt under our key, or is not what the protocol says inside.
        DataUndecryptable = "1020", "Decryption failed";
        /// The register does not have the GSTIN.
        NotAvailable = "3001", "Requested data is not available";
        /// The GSTIN asked about is none.
        InvalidGstin = "3028", "GSTIN is invalid";
        /// The GSTIN that asks is inactive or cancelled.
        InactiveGstin = "3029", "GSTIN is inactive or cancelled";
        /// We failed.
        Application = "5001", "Application Error in Auth, Please Contact the help desk";
        /// There is no `Data`.
        DataEmpty = "5003", "Data cannot be null or empty";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_stands_for_two_things() {
        let codes: HashSet<_> = IrpCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), IrpCode::ALL.len());
    }
}
