//! Every address with its methods and handlers, on one page.

use actix_web::web::{self, ServiceConfig, post};
use actix_web::{Resource, Route, guard};

use crate::accounts::{change_password, forgot_password, index, login, session};
use crate::gst;
use crate::irp::register::{contact, details, done, eligibility, not_eligible, otp, password, verified};
use crate::irp::{api_credentials, start};
use crate::kernel::portal::{Gst, InPortal, Irp, Portal};
use crate::site::{home, robots, text};
use crate::web::{Kit, assets, paths, session as session_cookie};
use crate::{demo, settings::Mode};

/// All of them. `kit` decides what a mode has.
pub fn configure(config: &mut ServiceConfig, kit: &Kit) {
    config
        .service(page(paths::HOME).route(show().to(home::show)))
        .service(page(paths::HELP).route(show().to(text::help)))
        .service(page(paths::ACCESSIBILITY).route(show().to(text::accessibility)))
        .service(page(paths::PRIVACY).route(show().to(text::privacy)))
        .service(page(paths::TERMS).route(show().to(text::terms)))
        .service(page(paths::CONTACT).route(show().to(text::contact)))
        .service(page(paths::ROBOTS).route(show().to(robots::show)))
        .service(page(paths::CHANGE_PASSWORD).route(show().to(robots::change_password)))
        .service(page("/static/{name}").route(show().to(assets::show)));
    if kit.settings.mode == Mode::Demo {
        config
            .service(page(paths::DEMO).route(show().to(demo::show)))
            .service(page(paths::DEMO_MESSAGES).route(show().to(demo::show_messages)));
    }
    config
        .service(web::scope(paths::IRP).wrap(session_cookie::middleware(kit, Portal::Irp)).configure(irp))
        .service(web::scope(paths::GST).wrap(session_cookie::middleware(kit, Portal::Gst)).configure(gst));
}

fn irp(config: &mut ServiceConfig) {
    let page = |address| page_of::<Irp>(address);
    config
        .service(page(paths::IRP).route(show().to(start::show)))
        .service(page(paths::IRP_REGISTER).route(show().to(eligibility::show)).route(post().to(eligibility::submit)))
        .service(page(paths::IRP_NOT_ELIGIBLE).route(show().to(not_eligible::show)))
        .service(page(paths::IRP_DETAILS).route(show().to(details::show)).route(post().to(details::submit)))
        .service(page(paths::IRP_CONTACT).route(show().to(contact::show)).route(post().to(contact::submit)))
        .service(page(paths::IRP_OTP).route(show().to(otp::show)).route(post().to(otp::submit)))
        .service(page(paths::IRP_OTP_RESEND).route(post().to(otp::resend)))
        .service(page(paths::IRP_VERIFIED).route(show().to(verified::show)))
        .service(page(paths::IRP_PASSWORD).route(show().to(password::show)).route(post().to(password::submit)))
        .service(page(paths::IRP_DONE).route(show().to(done::show)));
    {
        use api_credentials::{change, index, new, otp, saved};
        config
            .service(page(paths::IRP_API_CREDENTIALS).route(show().to(index::show)).route(post().to(index::submit)))
            .service(page(paths::IRP_API_OTP).route(show().to(otp::show)).route(post().to(otp::submit)))
            .service(page(paths::IRP_API_OTP_RESEND).route(post().to(otp::resend)))
            .service(page(paths::IRP_API_NEW).route(show().to(new::show)).route(post().to(new::submit)))
            .service(page(paths::IRP_API_CHANGE).route(show().to(change::show)).route(post().to(change::submit)))
            .service(page(paths::IRP_API_SAVED).route(show().to(saved::show)));
    }
    shared::<Irp>(config);
}

fn gst(config: &mut ServiceConfig) {
    use gst::{api_access, dashboard, first_login, forgot_username, not_here, notices, profile, start};
    let page = |address| page_of::<Gst>(address);
    config
        .service(page(paths::GST).route(show().to(start::show)))
        .service(
            page(paths::GST_FIRST_LOGIN)
                .route(show().to(first_login::index::show))
                .route(post().to(first_login::index::submit)),
        )
        .service(
            page(paths::GST_FIRST_LOGIN_PASSWORD)
                .route(show().to(first_login::index::show))
                .route(post().to(first_login::index::submit_password)),
        )
        .service(
            page(paths::GST_FIRST_LOGIN_CREDENTIALS)
                .route(show().to(first_login::credentials::show))
                .route(post().to(first_login::credentials::submit)),
        )
        .service(
            page(paths::GST_FORGOT_USERNAME)
                .route(show().to(forgot_username::show))
                .route(post().to(forgot_username::submit)),
        )
        .service(
            page(paths::GST_FORGOT_USERNAME_OTP)
                .route(show().to(forgot_username::show_otp))
                .route(post().to(forgot_username::submit_otp)),
        )
        .service(page(paths::GST_FORGOT_USERNAME_OTP_RESEND).route(post().to(forgot_username::resend_otp)))
        .service(page(paths::GST_FORGOT_USERNAME_DONE).route(show().to(forgot_username::show_done)))
        .service(page(paths::GST_DASHBOARD).route(show().to(dashboard::show)))
        .service(page(paths::GST_PROFILE).route(show().to(profile::show)))
        .service(page(paths::GST_PLACE_OF_BUSINESS).route(show().to(profile::show_place_of_business)))
        .service(page(paths::GST_CONTACTS).route(show().to(profile::show_contacts)))
        .service(page(paths::GST_OTHER_BUSINESS).route(show().to(profile::show_other_business)))
        .service(page(paths::GST_API_ACCESS).route(show().to(api_access::show)).route(post().to(api_access::submit)))
        .service(page(paths::GST_API_ACCESS_CALENDAR).route(show().to(api_access::show_calendar)))
        .service(page(paths::GST_NOTICES).route(show().to(notices::show)))
        .service(page(paths::GST_NOTICES_CSV).route(show().to(notices::show_csv)))
        .service(page("/not-here/{what}").route(show().to(not_here::show)))
        // The account pages are at the same addresses in every portal; the documents put this one elsewhere too.
        .service(
            page(paths::GST_ACCOUNT_PASSWORD)
                .route(show().to(change_password::show::<Gst>))
                .route(post().to(change_password::submit::<Gst>)),
        );
    shared::<Gst>(config);
}

/// The screens that portals share, in portal `P`.
fn shared<P: InPortal>(config: &mut ServiceConfig) {
    let own = paths::shared(P::PORTAL);
    let page = |address| page_of::<P>(address);
    config
        .service(page(own.login).route(show().to(login::show::<P>)).route(post().to(login::submit::<P>)))
        .service(page(own.logout).route(post().to(session::sign_out::<P>)))
        .service(page(own.extend).route(post().to(session::extend::<P>)))
        .service(
            page(own.forgot_password)
                .route(show().to(forgot_password::show::<P>))
                .route(post().to(forgot_password::submit::<P>)),
        )
        .service(
            page(own.forgot_password_otp)
                .route(show().to(forgot_password::show_otp::<P>))
                .route(post().to(forgot_password::submit_otp::<P>)),
        )
        .service(page(own.forgot_password_otp_resend).route(post().to(forgot_password::resend_otp::<P>)))
        .service(
            page(own.forgot_password_new)
                .route(show().to(forgot_password::show_new::<P>))
                .route(post().to(forgot_password::submit_new::<P>)),
        )
        .service(page(own.account).route(show().to(index::show::<P>)))
        .service(
            page(own.account_password)
                .route(show().to(change_password::show::<P>))
                .route(post().to(change_password::submit::<P>)),
        );
}

fn page(address: &str) -> Resource {
    web::resource(address)
}

/// A page inside of the scope of portal `P`.
fn page_of<P: InPortal>(address: &'static str) -> Resource {
    page(address.strip_prefix(paths::shared(P::PORTAL).start).unwrap_or(address))
}

/// GET, and HEAD for whoever wants the headers only.
fn show() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
