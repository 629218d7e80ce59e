//! The outbox as it stands in the database.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl as _};

use super::wait::eventually;
use crate::support::App;

/// A message's row. What is not looked at is left out.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Text)]
    pub channel: String,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub body: Option<String>,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = BigInt)]
    pub next_attempt_at: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

const QUERY: &str =
    "SELECT id, channel, kind, body, state, attempts, next_attempt_at, last_error FROM outbox ORDER BY id";

/// The messages of a channel, `email` or `sms`, the oldest first.
pub async fn rows(app: &App, channel: &str) -> Vec<Row> {
    let rows: Vec<Row> = app.kit.store.read(|c| Ok(diesel::sql_query(QUERY).load(c)?)).await.unwrap();
    rows.into_iter().filter(|row| row.channel == channel).collect()
}

/// The only message of a channel, once it has come to `state`.
pub async fn row_in(app: &App, channel: &str, state: &str) -> Row {
    row_that(app, channel, state, |row| row.state == state).await
}

/// The only message of a channel, once it waits for another try after `attempts` that failed. Its text is kept, sealed.
pub async fn row_after_failures(app: &App, channel: &str, attempts: i32) -> Row {
    let failed = |row: &Row| row.state == "queued" && row.attempts == attempts;
    let row = row_that(app, channel, "queued again", failed).await;
    assert!(row.body.is_some() && row.last_error.is_some(), "{row:?}");
    row
}

async fn row_that(app: &App, channel: &str, what: &str, fits: impl Fn(&Row) -> bool) -> Row {
    eventually(&format!("a message {what}"), async || {
        let mut rows = rows(app, channel).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.pop().filter(&fits)
    })
    .await
}
