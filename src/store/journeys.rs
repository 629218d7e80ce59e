//! Journeys: where a person stands in a walk of several pages. Stage and answers are rows, so replaying an old cookie
//! or an old form changes nothing.

use diesel::prelude::*;

use super::schema::journeys;
use super::{Connection, Result, StoreError, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::portal::Portal;

/// What the walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Register,
    ForgotPassword,
    ForgotUsername,
    FirstLogin,
    CreateApiCredentials,
    ChangeApiPassword,
    CreateWorkspace,
    /// Software signs in at the GSTN's door.
    SoftwareSignIn,
    /// The password was right, and a second factor is asked for.
    SignIn,
    /// Strangers have closed the password door: an OTP opens it for the owner.
    OtpFirst,
    /// An authenticator app is added or removed.
    ChangeAuthenticator,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Register,
        Self::ForgotPassword,
        Self::ForgotUsername,
        Self::FirstLogin,
        Self::CreateApiCredentials,
        Self::ChangeApiPassword,
        Self::CreateWorkspace,
        Self::SoftwareSignIn,
        Self::SignIn,
        Self::OtpFirst,
        Self::ChangeAuthenticator,
    ];

    /// As stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::ForgotPassword => "forgot_password",
            Self::ForgotUsername => "forgot_username",
            Self::FirstLogin => "first_login",
            Self::CreateApiCredentials => "create_api_credentials",
            Self::ChangeApiPassword => "change_api_password",
            Self::CreateWorkspace => "create_workspace",
            Self::SoftwareSignIn => "software_sign_in",
            Self::SignIn => "sign_in",
            Self::OtpFirst => "otp_first",
            Self::ChangeAuthenticator => "change_authenticator",
        }
    }
}

/// How far the walk has come: the first step that is not finished. Later stages are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Details,
    Contact,
    Otp,
    /// The OTP was right.
    Verified,
    /// What the walk was for has happened. A registration still proves one creation of API credentials.
    Done,
    /// Its OTP proves nothing any more.
    Spent,
}

impl Stage {
    const ALL: [Self; 6] = [Self::Details, Self::Contact, Self::Otp, Self::Verified, Self::Done, Self::Spent];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Details => "details",
            Self::Contact => "contact",
            Self::Otp => "otp",
            Self::Verified => "verified",
            Self::Done => "done",
            Self::Spent => "spent",
        }
    }
}

/// A journey. `subject` is the canonical name it is about, known to us or not: a GSTIN, the username typed into the GST
/// portal's "Forgot Password", or in the workspace an email address.
#[derive(Debug, Clone)]
pub struct Journey {
    pub id: String,
    pub kind: Kind,
    pub portal: Portal,
    pub subject: String,
    pub stage: Stage,
    pub email: Option<String>,
    pub mobile: Option<String>,
    pub started_at: Moment,
    pub last_seen_at: Moment,
    pub verified_at: Option<Moment>,
    /// What the walk has collected besides, as JSON.
    pub data: Option<String>,
}

impl Journey {
    /// A journey that begins `now` at `stage`; not stored yet.
    pub fn begin(kind: Kind, portal: Portal, subject: String, stage: Stage, now: Moment) -> Self {
        Self {
            id: ids::random(),
            kind,
            portal,
            subject,
            stage,
            email: None,
            mobile: None,
            started_at: now,
            last_seen_at: now,
            verified_at: None,
            data: None,
        }
    }

    /// The GSTIN it is about. `None` for a walk that begins with a username: people type passwords into the wrong
    /// field, so no record may hold that (T21).
    pub fn gstin(&self) -> Option<&str> {
        let by_username = matches!(self.kind, Kind::ForgotPassword | Kind::OtpFirst) && self.portal == Portal::Gst;
        (!by_username && self.portal != Portal::Workspace).then_some(self.subject.as_str())
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = journeys)]
struct Row {
    id: String,
    kind: String,
    portal: String,
    subject: String,
    stage: String,
    email: Option<String>,
    mobile: Option<String>,
    started_at: i64,
    last_seen_at: i64,
    verified_at: Option<i64>,
    data: Option<String>,
}

impl TryFrom<Row> for Journey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let damaged = |text: &str| StoreError::Damaged(format!("journeys: {text}"));
        Ok(Self {
            kind: Kind::parse(&row.kind).ok_or_else(|| damaged(&row.kind))?,
            portal: Portal::of_path(&format!("/{}", row.portal)).ok_or_else(|| damaged(&row.portal))?,
            stage: Stage::ALL
                .into_iter()
                .find(|stage| stage.as_str() == row.stage)
                .ok_or_else(|| damaged(&row.stage))?,
            id: row.id,
            subject: row.subject,
            email: row.email,
            mobile: row.mobile,
            started_at: Moment::from_seconds(row.started_at),
            last_seen_at: Moment::from_seconds(row.last_seen_at),
            verified_at: row.verified_at.map(Moment::from_seconds),
            data: row.data,
        })
    }
}

pub fn find(c: &mut Connection, id: &str) -> Result<Option<Journey>> {
    let row: Option<Row> = on_any!(c, |c| {
        journeys::table.filter(journeys::id.eq(id)).select(Row::as_select()).get_result(c).optional()
    })?;
    row.map(Journey::try_from).transpose()
}

pub fn insert(c: &mut Connection, journey: &Journey) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(journeys::table).values(to_row(journey)).execute(c))?;
    Ok(())
}

fn to_row(journey: &Journey) -> Row {
    Row {
        id: journey.id.clone(),
        kind: journey.kind.as_str().to_owned(),
        portal: journey.portal.as_str().to_owned(),
        subject: journey.subject.clone(),
        stage: journey.stage.as_str().to_owned(),
        email: journey.email.clone(),
        mobile: journey.mobile.clone(),
        started_at: journey.started_at.seconds(),
        last_seen_at: journey.last_seen_at.seconds(),
        verified_at: journey.verified_at.map(Moment::seconds),
        data: journey.data.clone(),
    }
}

/// Begins a journey whose id is always the same, unless it waits for its OTP already; a finished one makes room. Of two
/// that begin it at once the second finds the first.
pub fn begin_unless_waiting(c: &mut Connection, journey: &Journey) -> Result<()> {
    on_any!(c, |c| {
        let finished =
            journeys::table.filter(journeys::id.eq(&journey.id)).filter(journeys::stage.ne(Stage::Otp.as_str()));
        diesel::delete(finished).execute(c)
    })?;
    on_any!(c, |c| {
        diesel::insert_into(journeys::table).values(to_row(journey)).on_conflict(journeys::id).do_nothing().execute(c)
    })?;
    Ok(())
}

/// Takes back a journey that has not begun after all.
pub fn delete(c: &mut Connection, id: &str) -> Result<()> {
    on_any!(c, |c| diesel::delete(journeys::table.filter(journeys::id.eq(id))).execute(c))?;
    Ok(())
}

/// Moves from one stage to the next; `false` when the journey was not at `from`, so a thing done twice is done once.
pub fn advance(c: &mut Connection, id: &str, from: Stage, to: Stage) -> Result<bool> {
    let moved = on_any!(c, |c| {
        let at = journeys::table.filter(journeys::id.eq(id)).filter(journeys::stage.eq(from.as_str()));
        diesel::update(at).set(journeys::stage.eq(to.as_str())).execute(c)
    })?;
    Ok(moved == 1)
}

/// Keeps the contact typed and goes to the OTP step, from whichever step before the end.
pub fn set_contact(c: &mut Connection, id: &str, email: &str, mobile: &str) -> Result<bool> {
    let open = [Stage::Contact, Stage::Otp, Stage::Verified].map(Stage::as_str);
    let changed = on_any!(c, |c| {
        diesel::update(journeys::table.filter(journeys::id.eq(id)).filter(journeys::stage.eq_any(open)))
            .set((
                journeys::email.eq(Some(email)),
                journeys::mobile.eq(Some(mobile)),
                journeys::stage.eq(Stage::Otp.as_str()),
                journeys::verified_at.eq(None::<i64>),
            ))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// What the walk has collected, typed anew.
pub fn set_data(c: &mut Connection, id: &str, data: &str) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(journeys::table.filter(journeys::id.eq(id))).set(journeys::data.eq(Some(data))).execute(c)
    })?;
    Ok(())
}

/// The OTP of this journey was right.
pub fn set_verified(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let moved = on_any!(c, |c| {
        let at = journeys::table.filter(journeys::id.eq(id)).filter(journeys::stage.eq(Stage::Otp.as_str()));
        diesel::update(at)
            .set((journeys::stage.eq(Stage::Verified.as_str()), journeys::verified_at.eq(Some(now.seconds()))))
            .execute(c)
    })?;
    Ok(moved == 1)
}

/// The person is still walking.
pub fn set_last_seen(c: &mut Connection, id: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(journeys::table.filter(journeys::id.eq(id)))
            .set(journeys::last_seen_at.eq(now.seconds()))
            .execute(c)
    })?;
    Ok(())
}

/// Removes what nobody has walked since `before`, with its challenges; the sweeper's work.
pub fn delete_unseen_since(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        diesel::delete(journeys::table.filter(journeys::last_seen_at.lt(before.seconds()))).execute(c)
    })?)
}
