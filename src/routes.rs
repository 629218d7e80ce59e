//! Every address with its methods and handlers, on one page.

use actix_web::web::{self, ServiceConfig, post};
use actix_web::{Resource, Route, guard};

use crate::accounts::{change_password, forgot_password, index, login, session};
use crate::irp::register::{contact, details, done, eligibility, not_eligible, otp, password, verified};
use crate::irp::{api_credentials, start};
use crate::kernel::portal::{InPortal, Irp, Portal};
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
    config.service(web::scope(paths::IRP).wrap(session_cookie::middleware(kit, Portal::Irp)).configure(irp));
}

fn irp(config: &mut ServiceConfig) {
    config
        .service(irp_page(paths::IRP).route(show().to(start::show)))
        .service(
            irp_page(paths::IRP_REGISTER).route(show().to(eligibility::show)).route(post().to(eligibility::submit)),
        )
        .service(irp_page(paths::IRP_NOT_ELIGIBLE).route(show().to(not_eligible::show)))
        .service(irp_page(paths::IRP_DETAILS).route(show().to(details::show)).route(post().to(details::submit)))
        .service(irp_page(paths::IRP_CONTACT).route(show().to(contact::show)).route(post().to(contact::submit)))
        .service(irp_page(paths::IRP_OTP).route(show().to(otp::show)).route(post().to(otp::submit)))
        .service(irp_page(paths::IRP_OTP_RESEND).route(post().to(otp::resend)))
        .service(irp_page(paths::IRP_VERIFIED).route(show().to(verified::show)))
        .service(irp_page(paths::IRP_PASSWORD).route(show().to(password::show)).route(post().to(password::submit)))
        .service(irp_page(paths::IRP_DONE).route(show().to(done::show)));
    {
        use api_credentials::{change, index, new, otp, saved};
        config
            .service(irp_page(paths::IRP_API_CREDENTIALS).route(show().to(index::show)).route(post().to(index::submit)))
            .service(irp_page(paths::IRP_API_OTP).route(show().to(otp::show)).route(post().to(otp::submit)))
            .service(irp_page(paths::IRP_API_OTP_RESEND).route(post().to(otp::resend)))
            .service(irp_page(paths::IRP_API_NEW).route(show().to(new::show)).route(post().to(new::submit)))
            .service(irp_page(paths::IRP_API_CHANGE).route(show().to(change::show)).route(post().to(change::submit)))
            .service(irp_page(paths::IRP_API_SAVED).route(show().to(saved::show)));
    }
    shared::<Irp>(config);
}

/// The screens that portals share, in portal `P`.
fn shared<P: InPortal>(config: &mut ServiceConfig) {
    let own = paths::shared(P::PORTAL);
    let page = |address: &'static str| page(address.strip_prefix(own.start).unwrap_or(address));
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

/// A page inside of the scope `/irp`.
fn irp_page(address: &'static str) -> Resource {
    page(address.strip_prefix(paths::IRP).unwrap_or(address))
}

/// GET, and HEAD for whoever wants the headers only.
fn show() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
