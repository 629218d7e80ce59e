//! GET `/eivital/public-key.pem`: what envelopes are encrypted under, as SPKI PEM.

use actix_web::{HttpRequest, HttpResponse, web};

use super::Fault;
use crate::kernel::door::Door;
use crate::machine::Machine;
use crate::machine::fault::answer;

/// GET.
pub async fn show(request: HttpRequest, machine: web::Data<Machine>) -> HttpResponse {
    match machine.key_of(Door::Irp).await {
        Ok(key) => HttpResponse::Ok().content_type("application/x-pem-file").body(key.public_key().to_owned()),
        Err(error) => answer(&request, Err(Fault::from(error))),
    }
}
