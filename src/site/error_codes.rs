//! `/help/error-codes`: every code that software may be answered, in plain words.

use askama::Template;

use crate::kernel::gstn_code::GstnCode;
use crate::kernel::irp_code::IrpCode;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "site/error_codes.html")]
struct ErrorCodesPage {
    w: Words,
    frame: Frame,
    /// Of each door its id, its heading and its codes.
    doors: [(&'static str, &'static str, Vec<Shown>); 2],
}

struct Shown {
    code: &'static str,
    says: &'static str,
    means: &'static str,
}

/// GET.
pub async fn show(visit: Visit) -> PageResult {
    let w = visit.w;
    let irp =
        IrpCode::ALL.iter().map(|code| Shown { code: code.code(), says: code.text(), means: irp_words(w, *code) });
    let gstn =
        GstnCode::ALL.iter().map(|code| Shown { code: code.code(), says: code.text(), means: gstn_words(w, *code) });
    let doors = [("irp", w.help_codes_irp(), irp.collect()), ("gstn", w.help_codes_gstn(), gstn.collect())];
    page::ok(&ErrorCodesPage { w, frame: visit.frame(w.help_codes_title()), doors })
}

fn irp_words(w: Words, code: IrpCode) -> &'static str {
    match code {
        IrpCode::GstinMissing => w.help_irp_gstin_missing(),
        IrpCode::InvalidToken => w.help_irp_invalid_token(),
        IrpCode::UserNameMissing => w.help_irp_user_name_missing(),
        IrpCode::Malformed => w.help_irp_malformed(),
        IrpCode::InvalidLogin => w.help_irp_invalid_login(),
        IrpCode::InvalidClient => w.help_irp_invalid_client(),
        IrpCode::ClientIdMissing => w.help_irp_client_id_missing(),
        IrpCode::ClientSecretMissing => w.help_irp_client_secret_missing(),
        IrpCode::PasswordUndecryptable => w.help_irp_password_undecryptable(),
        IrpCode::InactiveUser => w.help_irp_inactive_user(),
        IrpCode::OtherGstin => w.help_irp_other_gstin(),
        IrpCode::AppKeyUndecryptable => w.help_irp_app_key_undecryptable(),
        IrpCode::UnknownUser => w.help_irp_unknown_user(),
        IrpCode::ClientNotMapped => w.help_irp_client_not_mapped(),
        IrpCode::WrongPassword => w.help_irp_wrong_password(),
        IrpCode::DataUndecryptable => w.help_irp_data_undecryptable(),
        IrpCode::NotAvailable => w.help_irp_not_available(),
        IrpCode::InvalidGstin => w.help_irp_invalid_gstin(),
        IrpCode::InactiveGstin => w.help_irp_inactive_gstin(),
        IrpCode::Application => w.help_irp_application(),
        IrpCode::DataEmpty => w.help_irp_data_empty(),
    }
}

fn gstn_words(w: Words, code: GstnCode) -> &'static str {
    match code {
        GstnCode::ClientIdMissing => w.help_gstn_client_id_missing(),
        GstnCode::ClientSecretMissing => w.help_gstn_client_secret_missing(),
        GstnCode::InvalidClientId => w.help_gstn_invalid_client_id(),
        GstnCode::InvalidClientSecret => w.help_gstn_invalid_client_secret(),
        GstnCode::InvalidUser => w.help_gstn_invalid_user(),
        GstnCode::InvalidSession => w.help_gstn_invalid_session(),
        GstnCode::InvalidOtp => w.help_gstn_invalid_otp(),
        GstnCode::InvalidAction => w.help_gstn_invalid_action(),
        GstnCode::InvalidAppKey => w.help_gstn_invalid_app_key(),
        GstnCode::AccessDenied => w.help_gstn_access_denied(),
        GstnCode::SessionExpired => w.help_gstn_session_expired(),
        GstnCode::InvalidData => w.help_gstn_invalid_data(),
        GstnCode::Malformed => w.help_gstn_malformed(),
        GstnCode::InvalidStateCode => w.help_gstn_invalid_state_code(),
        GstnCode::ClientNotMapped => w.help_gstn_client_not_mapped(),
        GstnCode::TooManySessions => w.help_gstn_too_many_sessions(),
        GstnCode::MissingParameter => w.help_gstn_missing_parameter(),
        GstnCode::TooMany => w.help_gstn_too_many(),
        GstnCode::Technical => w.help_gstn_technical(),
    }
}
