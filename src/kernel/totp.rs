//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, 6 digits and steps of 30 seconds, which is what every app
//! can do. A code is accepted one step early or late, because phones' clocks differ.

use qrcode::types::{Color, QrError};
use qrcode::{EcLevel, QrCode};
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use totp_rs::{Algorithm, Builder, Secret, Totp, TotpError};
use zeroize::Zeroizing;

use super::clock::Moment;

/// Bytes of a secret: 160 bits (RFC 4226, section 4).
const SECRET: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Light modules that must surround a QR code.
const QUIET: usize = 4;

/// What an app and we share. Has no `Debug` and is wiped when dropped.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

/// The secret does not have the form in which it was sealed.
#[derive(Debug, thiserror::Error)]
#[error("a damaged authenticator secret")]
pub struct Damaged;

/// A QR code as a picture of squares: `path` is the `d` of an SVG path, `width` the side of the picture in squares.
pub struct QrPicture {
    pub path: String,
    pub width: usize,
}

impl TotpSecret {
    /// A new one from the randomness of the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness: a secret that can be guessed must not be handed out.
    pub fn random() -> Self {
        let mut random = Zeroizing::new(vec![0_u8; SECRET]);
        UnwrapErr(SysRng).fill_bytes(&mut random);
        Self(random)
    }

    /// The secret of `base32`, as it was sealed.
    pub fn from_base32(text: &str) -> Result<Self, Damaged> {
        let secret = Secret::try_from_base32(text).map_err(|_| Damaged)?;
        Ok(Self(Zeroizing::new(secret.as_bytes().to_vec())))
    }

    /// As apps take it when it is typed in.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.secret().to_base32())
    }

    /// The time step whose code `typed` is, near `now`; `None` when it is none.
    pub fn step_of(&self, typed: &str, now: Moment) -> Option<i64> {
        let totp = self.builder().build_noncompliant();
        let step = totp.check(typed, u64::try_from(now.seconds()).ok()?)?;
        i64::try_from(step).ok()
    }

    /// The picture that an app reads: secret, whose account it is and where.
    ///
    /// # Errors
    /// `account` and `issuer` are too long for a QR code.
    pub fn picture(&self, issuer: &str, account: &str) -> Result<QrPicture, QrError> {
        let address = self.address(issuer, account).map_err(|_| QrError::DataTooLong)?;
        let code = QrCode::with_error_correction_level(address.as_bytes(), EcLevel::M)?;
        let side = code.width();
        let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
        let squares = dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % side + QUIET, at / side + QUIET));
        Ok(QrPicture { path: squares.collect(), width: side + 2 * QUIET })
    }

    /// The `otpauth:` address of the picture.
    fn address(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>, TotpError> {
        // A colon stands between the two in the address.
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        let totp: Totp = self.builder().with_issuer(Some(issuer)).with_account_name(account).build()?;
        totp.to_url().map(Zeroizing::new)
    }

    fn secret(&self) -> Secret {
        Secret::new(self.0.as_slice().into())
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(1)
            .with_step_duration(30)
            .with_secret(self.secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B: the ASCII text 12345678901234567890.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = TotpSecret::from_base32(RFC).unwrap();
        let at = |seconds| Moment::from_seconds(seconds);
        // The last six of its eight digits.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(secret.step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_works_one_step_early_or_late_and_no_longer() {
        let secret = TotpSecret::from_base32(RFC).unwrap();
        let fits = |seconds| secret.step_of("081804", Moment::from_seconds(seconds)).is_some();
        let (begin, end) = (1_111_111_080, 1_111_111_110);
        assert!(fits(begin - 30) && fits(begin) && fits(end + 29));
        assert!(!fits(begin - 31) && !fits(end + 30));
    }

    #[test]
    fn the_picture_holds_what_apps_want_to_know() {
        let secret = TotpSecret::from_base32(RFC).unwrap();
        let address = secret.address("Sa:nad IRP", "29ABCDE1234F1ZW").unwrap();
        assert_eq!(
            address.as_str(),
            format!("otpauth://totp/Sa%20nad%20IRP:29ABCDE1234F1ZW?secret={RFC}&issuer=Sa%20nad%20IRP")
        );
        let picture = secret.picture("Sanad IRP", "29ABCDE1234F1ZW").unwrap();
        assert!(picture.path.starts_with("M4 4h1v1h-1z") && picture.width > 30, "{}", picture.width);
        assert!(secret.picture("Sanad", &"x".repeat(5_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_answered(typed in "\\PC{0,40}", seconds in proptest::prelude::any::<i64>()) {
            let secret = TotpSecret::from_base32(RFC).unwrap();
            secret.step_of(&typed, Moment::from_seconds(seconds.clamp(-1, 1 << 40)));
        }
    }
}
