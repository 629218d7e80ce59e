//! `/irp/api-credentials/use`: what whoever sets up billing software needs besides the API password: addresses, a file
//! to fill in, and two programs that run.

use askama::Template;

use super::index::find;
use crate::kernel::portal::Irp;
use crate::web::error::PageError;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::{download, paths};
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/api_credentials/use.html")]
struct UsePage<'a> {
    w: Words,
    frame: Frame,
    /// Whether the operator leaves the door open.
    open: bool,
    base: &'a str,
    public_key: &'a str,
    gstin: &'a str,
    api_username: &'a str,
    shell: String,
    python: String,
}

#[derive(Template)]
#[template(path = "irp/api_credentials/use/example.sh", whitespace = "preserve", escape = "none")]
struct Shell<'a>(&'a Setup);

#[derive(Template)]
#[template(path = "irp/api_credentials/use/example.py", whitespace = "preserve", escape = "none")]
struct Python<'a>(&'a Setup);

#[derive(Template)]
#[template(path = "irp/api_credentials/use/credentials.env", whitespace = "preserve", escape = "none")]
struct Env<'a>(&'a Setup);

/// What is filled in. Nothing of it needs quotes in a shell: addresses of ours, a GSTIN, letters, digits and `._-`.
struct Setup {
    base: String,
    public_key: String,
    gstin: String,
    api_username: String,
}

impl Setup {
    /// Without API credentials there is nothing to use yet.
    async fn of(visit: &Visit, user: &SignedIn<Irp>) -> Result<Self, PageError> {
        let credential = find(visit, user.gstin()).await?;
        let credential = credential.ok_or_else(|| PageError::SeeOther(paths::IRP_API_CREDENTIALS.to_owned()))?;
        let own = &visit.kit.settings.base_url;
        Ok(Self {
            base: format!("{own}{}", paths::EIVITAL),
            public_key: format!("{own}{}", paths::EIVITAL_PUBLIC_KEY),
            gstin: credential.gstin,
            api_username: credential.api_username,
        })
    }
}

/// GET.
pub async fn show(visit: Visit, user: SignedIn<Irp>) -> PageResult {
    let setup = Setup::of(&visit, &user).await?;
    page::ok(&UsePage {
        w: visit.w,
        frame: visit.frame(visit.w.api_use_title()),
        open: visit.kit.settings.nic_door,
        base: &setup.base,
        public_key: &setup.public_key,
        gstin: &setup.gstin,
        api_username: &setup.api_username,
        shell: text(&Shell(&setup))?,
        python: text(&Python(&setup))?,
    })
}

/// GET `/irp/api-credentials/use.env`.
pub async fn show_env(visit: Visit, user: SignedIn<Irp>) -> PageResult {
    let setup = Setup::of(&visit, &user).await?;
    let env = text(&Env(&setup))?;
    Ok(download::file("credentials.env", "text/plain; charset=utf-8", env.into_bytes()))
}

fn text(template: &impl Template) -> Result<String, PageError> {
    template.render().map_err(|error| PageError::internal(error.to_string()))
}
