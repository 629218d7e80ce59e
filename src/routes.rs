//! Every address with its methods and handlers, on one page.

use actix_web::body::MessageBody;
use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, post};
use actix_web::{Resource, Route, guard};

use crate::accounts::{activity, authenticator, change_password, devices, forgot_password, index, login, session};
use crate::gst;
use crate::irp::register::{contact, details, done, eligibility, not_eligible, otp, password, verified};
use crate::irp::{api_credentials, handoff, start};
use crate::kernel::door::Door;
use crate::kernel::portal::{Gst, InPortal, Irp, Portal, Workspace};
use crate::machine;
use crate::site::{csp_report, error_codes, home, robots, text};
use crate::web::session_keys::SessionKeys;
use crate::web::{Kit, assets, error, handoff as web_handoff, last_resort, paths, session as session_cookie};
use crate::workspace;
use crate::{demo, settings::Mode};

/// All of them. `kit` decides what a mode has.
pub fn configure(config: &mut ServiceConfig, kit: &Kit) {
    config
        .service(page(paths::HOME).route(show().to(home::show)))
        .service(page(paths::HELP).route(show().to(text::help)))
        .service(page(paths::HELP_PASSWORDS).route(show().to(text::help_passwords)))
        .service(page(paths::HELP_ERROR_CODES).route(show().to(error_codes::show)))
        .service(page(paths::ACCESSIBILITY).route(show().to(text::accessibility)))
        .service(page(paths::PRIVACY).route(show().to(text::privacy)))
        .service(page(paths::TERMS).route(show().to(text::terms)))
        .service(page(paths::CONTACT).route(show().to(text::contact)))
        .service(page(paths::ROBOTS).route(show().to(robots::show)))
        .service(page(paths::CSP_REPORT).route(post().to(csp_report::submit)))
        .service(page(paths::CHANGE_PASSWORD).route(show().to(robots::change_password)))
        .service(page("/static/{name}").route(show().to(assets::show)));
    if kit.settings.mode == Mode::Demo {
        config
            .service(page(paths::DEMO).route(show().to(demo::show)))
            .service(page(paths::DEMO_MESSAGES).route(show().to(demo::show_messages)));
    }
    software(config, kit);
    config
        .service(portal(kit, Portal::Irp, paths::IRP, irp))
        .service(portal(kit, Portal::Gst, paths::GST, gst))
        .service(portal(kit, Portal::Workspace, paths::WORKSPACE, workspace));
}

/// The doors for software, those that the settings leave open.
fn software(config: &mut ServiceConfig, kit: &Kit) {
    use machine::{eivital, introspection, openapi, taxpayerapi};
    let is_open = |door| machine::is_open(&kit.settings, door);
    if is_open(Door::Irp) {
        for address in paths::EIVITAL_AUTH {
            config.service(page(address).route(post().to(eivital::auth::submit)));
        }
        for address in paths::EIVITAL_MASTER {
            config.service(page(address).route(show().to(eivital::master::show)));
        }
        for address in paths::EIVITAL_HEARTBEAT {
            config.service(page(address).route(show().to(eivital::heartbeat::show)));
        }
        config.service(page(paths::EIVITAL_PUBLIC_KEY).route(show().to(eivital::public_key::show)));
    }
    if is_open(Door::Gstn) {
        for address in paths::TAXPAYERAPI_AUTHENTICATE {
            config.service(page(address).route(post().to(taxpayerapi::authenticate::submit)));
        }
        config.service(page(paths::TAXPAYERAPI_CERTIFICATE).route(show().to(taxpayerapi::certificate::show)));
    }
    if is_open(Door::Irp) || is_open(Door::Gstn) {
        config
            .service(page(paths::INTROSPECT).route(post().to(introspection::submit)))
            .service(page(paths::OPENAPI).route(show().to(openapi::show)));
    }
}

/// The pages of one portal, with its session.
fn portal(kit: &Kit, portal: Portal, start: &str, pages: fn(&mut ServiceConfig)) -> impl HttpServiceFactory + 'static {
    let keys = SessionKeys::new(kit, portal);
    let session = session_cookie::middleware(kit, portal, &keys);
    let sign = from_fn(move |request, next| keys.clone().apply(request, next));
    // Errors become pages where the session is still known, so that the header says who is signed in.
    web::scope(start).configure(pages).wrap(from_fn(error::render)).wrap(session).wrap(sign)
}

fn irp(config: &mut ServiceConfig) {
    let page = |address| page(inside::<Irp>(address));
    config
        // Whoever comes from a workspace; before the pages of the same addresses.
        .service(page(paths::IRP_REGISTER).guard(guard::fn_guard(is_handoff)).route(show().to(handoff::arrive)))
        .service(page(paths::IRP_LOGIN).guard(guard::fn_guard(is_handoff)).route(show().to(handoff::arrive)))
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
        use api_credentials::{change, index, new, otp, saved, r#use};
        config
            .service(page(paths::IRP_API_CREDENTIALS).route(show().to(index::show)).route(post().to(index::submit)))
            .service(page(paths::IRP_API_OTP).route(show().to(otp::show)).route(post().to(otp::submit)))
            .service(page(paths::IRP_API_OTP_RESEND).route(post().to(otp::resend)))
            .service(page(paths::IRP_API_NEW).route(show().to(new::show)).route(post().to(new::submit)))
            .service(page(paths::IRP_API_CHANGE).route(show().to(change::show)).route(post().to(change::submit)))
            .service(page(paths::IRP_API_SAVED).route(show().to(saved::show)))
            .service(page(paths::IRP_API_USE).route(show().to(r#use::show)))
            .service(page(paths::IRP_API_USE_ENV).route(show().to(r#use::show_env)));
    }
    shared::<Irp>(config);
}

fn gst(config: &mut ServiceConfig) {
    use gst::{api_access, dashboard, first_login, forgot_username, not_here, notices, profile, start};
    let page = |address| page(inside::<Gst>(address));
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

fn workspace(config: &mut ServiceConfig) {
    use workspace::{invitation, people, settings, sign_up, start};
    let page = |address| page(inside::<Workspace>(address));
    config
        .service(page(paths::WORKSPACE).route(show().to(start::show)))
        .service(page(paths::WORKSPACE_SETTINGS).route(show().to(settings::show)))
        .service(
            page(paths::WORKSPACE_SIGN_UP)
                .route(show().to(sign_up::index::show))
                .route(post().to(sign_up::index::submit)),
        )
        .service(
            page(paths::WORKSPACE_SIGN_UP_OTP)
                .route(show().to(sign_up::otp::show))
                .route(post().to(sign_up::otp::submit)),
        )
        .service(page(paths::WORKSPACE_SIGN_UP_OTP_RESEND).route(post().to(sign_up::otp::resend)))
        .service(
            page(paths::WORKSPACE_SIGN_UP_PASSWORD)
                .route(show().to(sign_up::password::show))
                .route(post().to(sign_up::password::submit)),
        )
        .service(page("/invitation/{token}").route(show().to(invitation::show)).route(post().to(invitation::submit)))
        .service(
            page("/invitation/{token}/account")
                .route(show().to(invitation::show))
                .route(post().to(invitation::create_account)),
        )
        .service(page(paths::WORKSPACE_PEOPLE).route(show().to(people::show)).route(post().to(people::submit)))
        .service(page(paths::WORKSPACE_TAKE_BACK).route(show().to(people::show)).route(post().to(people::take_back)))
        .service(
            page("/settings/people/{person}")
                .route(show().to(people::person::show))
                .route(post().to(people::person::submit)),
        )
        .service(
            page("/settings/people/{person}/remove")
                .route(show().to(people::person::show))
                .route(post().to(people::person::remove)),
        )
        .service(page(paths::WORKSPACE_SWITCH).route(post().to(settings::switch)));
    {
        use workspace::api_credentials::{clearirp, index, register, remove, replace, test};
        config
            .service(page(paths::WORKSPACE_API_CREDENTIALS).route(show().to(index::show)))
            .service(
                page(paths::WORKSPACE_CLEARIRP).route(show().to(clearirp::show)).route(post().to(clearirp::submit)),
            )
            .service(
                page(paths::WORKSPACE_CLEARIRP_REGISTER)
                    .route(show().to(register::show))
                    .route(post().to(register::submit)),
            )
            .service(
                page(paths::WORKSPACE_CLEARIRP_FORGOT)
                    .route(show().to(register::show_forgotten))
                    .route(post().to(register::submit_forgotten)),
            )
            .service(
                page(paths::WORKSPACE_CLEARIRP_REPLACE)
                    .route(show().to(replace::show))
                    .route(post().to(replace::submit)),
            )
            .service(page("/settings/api-credentials/{gstin}/test").route(post().to(test::submit)))
            .service(
                page("/settings/api-credentials/{gstin}/remove")
                    .route(show().to(remove::show))
                    .route(post().to(remove::submit)),
            );
    }
    {
        use workspace::gstins::{import, index, remove};
        config
            .service(page(paths::WORKSPACE_GSTINS).route(show().to(index::show)).route(post().to(index::submit)))
            .service(
                page(paths::WORKSPACE_GSTINS_IMPORT).route(show().to(import::show)).route(post().to(import::submit)),
            )
            .service(
                page("/settings/gstins/import/{id}")
                    .route(show().to(import::run::show))
                    .route(post().to(import::run::submit)),
            )
            .service(page("/settings/gstins/import/{id}/result.csv").route(show().to(import::run::show_csv)))
            .service(
                page("/settings/gstins/{gstin}/remove").route(show().to(remove::show)).route(post().to(remove::submit)),
            );
    }
    shared::<Workspace>(config);
}

/// The screens that portals share, in portal `P`.
fn shared<P: InPortal>(config: &mut ServiceConfig) {
    let own = paths::shared(P::PORTAL);
    let page = |address| page(inside::<P>(address));
    config
        .service(page(own.login).route(show().to(login::show::<P>)).route(post().to(login::submit::<P>)))
        .service(page(own.login_otp).route(show().to(login::otp::show::<P>)).route(post().to(login::otp::submit::<P>)))
        .service(page(own.login_otp_resend).route(post().to(login::otp::resend::<P>)))
        .service(
            page(own.otp_first)
                .route(show().to(login::otp_first::show::<P>))
                .route(post().to(login::otp_first::submit::<P>)),
        )
        .service(
            page(own.otp_first_password)
                .route(show().to(login::otp_first::show_password::<P>))
                .route(post().to(login::otp_first::submit_password::<P>)),
        )
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
        )
        .service(page(own.devices).route(show().to(devices::show::<P>)).route(post().to(devices::submit::<P>)))
        .service(page(own.activity).route(show().to(activity::show::<P>)))
        .service(page(own.activity_csv).route(show().to(activity::show_csv::<P>)))
        .service(
            page(own.authenticator)
                .route(show().to(authenticator::show::<P>))
                .route(post().to(authenticator::submit::<P>)),
        )
        .service(
            page(own.authenticator_otp)
                .route(show().to(authenticator::otp::show::<P>))
                .route(post().to(authenticator::otp::submit::<P>)),
        )
        .service(page(own.authenticator_otp_resend).route(post().to(authenticator::otp::resend::<P>)))
        .service(
            page(own.authenticator_new)
                .route(show().to(authenticator::new::show::<P>))
                .route(post().to(authenticator::new::submit::<P>)),
        )
        .service(
            page(own.authenticator_codes)
                .route(show().to(authenticator::codes::show::<P>))
                .route(post().to(authenticator::codes::submit::<P>)),
        )
        .service(
            page(own.authenticator_remove)
                .route(show().to(authenticator::remove::show::<P>))
                .route(post().to(authenticator::remove::submit::<P>)),
        );
}

fn is_handoff(context: &guard::GuardContext<'_>) -> bool {
    let query = context.head().uri.query().unwrap_or_default();
    query.strip_prefix(web_handoff::PARAMETER).is_some_and(|rest| rest.starts_with('='))
}

/// An address. A handler of it that panics is a page like any other fault.
fn page(
    address: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + 'static>,
        Error = actix_web::Error,
        InitError = (),
    > + 'static,
> {
    web::resource(address).wrap(from_fn(last_resort::catch))
}

/// An address as the scope of portal `P` knows it: without the portal's own part.
fn inside<P: InPortal>(address: &'static str) -> &'static str {
    address.strip_prefix(paths::shared(P::PORTAL).start).unwrap_or(address)
}

/// GET, and HEAD for whoever wants the headers only.
fn show() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
