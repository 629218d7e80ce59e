//! GET `/taxpayerapi/certificate.pem`: what app keys are encrypted under, as an X.509 certificate.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::kernel::door::Door;
use crate::kernel::gstn_code::GstnCode;
use crate::machine::Machine;
use crate::machine::fault::{Fault, answer};

/// GET.
pub async fn show(request: HttpRequest, machine: web::Data<Machine>) -> HttpResponse {
    match machine.key_of(Door::Gstn).await {
        Ok(key) => HttpResponse::Ok().content_type("application/x-pem-file").body(key.certificate().to_owned()),
        Err(error) => answer(&request, Err(Fault::<GstnCode>::from(error))),
    }
}
