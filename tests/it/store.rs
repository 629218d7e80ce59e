//! The promises of the store: a write is a transaction, is answered after its commit, and never harms another one.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use futures_util::future::join_all;
use sanad::kernel::api_access::{Duration, Switch};
use sanad::kernel::clock::{DAY, HOUR, Moment};
use sanad::kernel::ids;
use sanad::kernel::portal::Portal;
use sanad::kernel::taxpayer::Taxpayer;
use sanad::register::{Reader, SAMPLE};
use sanad::store::accounts::{self, Account};
use sanad::store::api_access::{self, ApiAccess};
use sanad::store::counters::{self, Budget};
use sanad::store::events::{self, Event};
use sanad::store::journeys::{self, Journey, Kind, Stage};
use sanad::store::sessions::{self, Reason, Session};
use sanad::store::taxpayers::{self, Source};
use sanad::store::{self, Connection, Database, Inserted, Store, StoreError};
use tempfile::TempDir;

const GSTIN: &str = "29ABCDE1234F1ZW";
const NOW: Moment = Moment::from_seconds(1_795_260_660);

/// A SQLite store in a folder of its own, which goes with it.
struct Data {
    folder: TempDir,
    store: Store,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        Self { folder, store }
    }

    async fn events(&self) -> Vec<String> {
        let events = self.store.read(|c| events::list_by_gstin(c, GSTIN)).await.unwrap();
        events.into_iter().map(|event| event.action).collect()
    }

    /// Closes the store and opens the file anew, as the next start of the program does.
    async fn reopened(self) -> Self {
        self.store.stop().await;
        let store = open(self.folder.path());
        Self { store, folder: self.folder }
    }
}

fn open(folder: &Path) -> Store {
    Store::open(&Database::Sqlite(folder.join("sanad.db"))).unwrap()
}

fn event(action: &str) -> Event {
    Event {
        id: ids::ordered(NOW),
        at: NOW.seconds(),
        request_id: ids::random(),
        portal: Some("irp".to_owned()),
        gstin: Some(GSTIN.to_owned()),
        account_id: None,
        action: action.to_owned(),
        outcome: "accepted".to_owned(),
        address: "127.0.0.1".to_owned(),
        device: String::new(),
        detail: "{}".to_owned(),
    }
}

fn account(username: &str) -> Account {
    Account {
        id: ids::random(),
        portal: Portal::Irp.as_str().to_owned(),
        username: username.to_owned(),
        gstin: Some(username.to_owned()),
        password_hash: "00000000:none".to_owned(),
        created_at: NOW.seconds(),
        password_changed_at: NOW.seconds(),
        last_sign_in_at: None,
        last_sign_in_address: None,
        frozen_at: None,
        name: None,
    }
}

fn journey() -> Journey {
    Journey {
        id: ids::random(),
        kind: Kind::Register,
        portal: Portal::Irp,
        subject: GSTIN.to_owned(),
        stage: Stage::Details,
        email: None,
        mobile: None,
        started_at: NOW,
        last_seen_at: NOW,
        verified_at: None,
        data: None,
    }
}

fn sample() -> Taxpayer {
    let rows = Reader::open(SAMPLE.as_bytes()).unwrap();
    rows.filter_map(|row| row.outcome.ok()).find(|taxpayer| taxpayer.gstin.as_str() == GSTIN).unwrap()
}

#[actix_web::test]
async fn a_password_replaced_meanwhile_is_not_changed() {
    let data = Data::new();
    let account = account(GSTIN);
    let id = account.id.clone();
    let outcome = data.store.write(move |c| {
        accounts::insert(c, &account)?;
        accounts::set_password(c, &account.id, "00000000:reset", NOW)?;
        accounts::change_password(c, &account.id, &account.password_hash, "00000000:thief", NOW)
    });
    assert!(!outcome.await.unwrap());
    let found = data.store.read(move |c| accounts::find(c, &id)).await.unwrap().unwrap();
    assert_eq!(found.password_hash, "00000000:reset");
}

#[actix_web::test]
async fn a_write_that_fails_leaves_nothing() {
    let data = Data::new();
    let outcome: Result<(), StoreError> = data
        .store
        .write(|c| {
            events::insert(c, &event("undone"))?;
            Err(StoreError::Undone)
        })
        .await;
    assert!(matches!(outcome, Err(StoreError::Undone)));
    assert_eq!(data.events().await, Vec::<String>::new());
}

#[actix_web::test]
async fn a_panic_in_one_write_does_not_touch_the_others() {
    let data = Data::new();
    let writes = (0..20).map(|number| {
        data.store.write(move |c| {
            events::insert(c, &event(&format!("write {number}")))?;
            assert_ne!(number, 7, "the seventh breaks");
            Ok(())
        })
    });
    let outcomes = join_all(writes).await;

    for (number, outcome) in outcomes.into_iter().enumerate() {
        match number {
            7 => assert!(matches!(outcome, Err(StoreError::Panicked(text)) if text.contains("the seventh breaks"))),
            _ => assert!(outcome.is_ok(), "{number}: {outcome:?}"),
        }
    }
    let kept = data.events().await;
    assert_eq!(kept.len(), 19);
    assert!(!kept.contains(&"write 7".to_owned()));
}

#[actix_web::test]
async fn parallel_writes_all_land_and_count_one_by_one() {
    let data = Data::new();
    let counts = join_all((0..300).map(|_| data.store.write(|c| counters::count(c, "tries", HOUR, NOW)))).await;
    let mut counts: Vec<i64> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=300).collect::<Vec<i64>>());
}

#[actix_web::test]
async fn of_many_who_take_the_last_of_a_budget_one_gets_it() {
    let data = Data::new();
    let budget = Budget::new("sends".to_owned(), 1, HOUR);
    let taken = join_all((0..50).map(|_| {
        let budget = budget.clone();
        data.store.write(move |c| counters::take(c, &[budget], NOW))
    }))
    .await;
    assert_eq!(taken.into_iter().filter(|taken| matches!(taken, Ok(Ok(())))).count(), 1);
}

#[actix_web::test]
async fn of_many_who_register_one_name_one_is_first() {
    let data = Data::new();
    let inserted = join_all((0..50).map(|_| data.store.write(|c| accounts::insert(c, &account(GSTIN))))).await;
    assert_eq!(inserted.into_iter().filter(|inserted| matches!(inserted, Ok(Inserted::Yes))).count(), 1);
}

#[actix_web::test]
async fn a_write_whose_asker_has_gone_still_lands() {
    let data = Data::new();
    tokio::select! {
        biased;
        _ = data.store.write(|c| events::insert(c, &event("asked for"))) => {}
        () = std::future::ready(()) => {}
    }
    assert_eq!(data.reopened().await.events().await, ["asked for"]);
}

#[actix_web::test]
async fn what_was_answered_is_there_after_a_restart() {
    let data = Data::new();
    data.store.write(|c| events::insert(c, &event("kept"))).await.unwrap();
    assert_eq!(data.reopened().await.events().await, ["kept"]);
}

#[actix_web::test]
async fn a_stopped_store_refuses_writes() {
    let data = Data::new();
    data.store.stop().await;
    let refused = data.store.write(|c| events::insert(c, &event("too late"))).await;
    assert!(matches!(refused, Err(StoreError::Stopped)));
}

#[actix_web::test]
async fn a_read_cannot_write() {
    let data = Data::new();
    assert!(data.store.read(|c| events::insert(c, &event("by the wrong door"))).await.is_err());
    assert_eq!(data.events().await, Vec::<String>::new());
}

#[actix_web::test]
async fn an_event_can_be_neither_changed_nor_removed() {
    let data = Data::new();
    data.store.write(|c| events::insert(c, &event("kept"))).await.unwrap();
    for statement in ["UPDATE events SET outcome = 'refused'", "DELETE FROM events"] {
        let refused = data.store.write(move |c| Ok(c.batch_execute(statement)?)).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
    assert_eq!(data.events().await, ["kept"]);
}

#[actix_web::test]
async fn an_ended_session_is_not_brought_back_by_a_late_answer() {
    let data = Data::new();
    let session = Session {
        token_hash: "hash".to_owned(),
        portal: "irp".to_owned(),
        account_id: None,
        state: "{}".to_owned(),
        address: String::new(),
        device: String::new(),
        created_at: NOW.seconds(),
        last_seen_at: NOW.seconds(),
        sid: String::new(),
        ended_because: None,
    };
    data.store.write(move |c| sessions::insert(c, &session)).await.unwrap();
    data.store.write(|c| sessions::leave(c, "hash")).await.unwrap();
    data.store.write(|c| sessions::set_state(c, "hash", "{\"a\":\"1\"}", None)).await.unwrap();
    assert!(data.store.read(|c| sessions::find(c, "hash")).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_session_that_is_ended_between_two_tokens_stays_ended() {
    type End = fn(&mut Connection, &Session) -> store::Result<()>;
    let by_owner: End = |c, session| sessions::end(c, &session.sid, Reason::Owner).map(|ended| assert!(ended));
    let of_account: End = |c, session| {
        let account_id = session.account_id.as_deref().unwrap();
        sessions::end_of_account(c, account_id, None, Reason::Owner).map(|_| ())
    };
    for end in [by_owner, of_account] {
        let data = Data::new();
        let account = account(GSTIN);
        let session = Session {
            token_hash: "first".to_owned(),
            portal: "irp".to_owned(),
            account_id: Some(account.id.clone()),
            state: "{}".to_owned(),
            address: String::new(),
            device: String::new(),
            created_at: NOW.seconds(),
            last_seen_at: NOW.seconds(),
            sid: ids::random(),
            ended_because: None,
        };
        let outcome = data.store.write(move |c| {
            accounts::insert(c, &account)?;
            sessions::insert(c, &session)?;
            sessions::leave(c, "first")?;
            let before = sessions::find_reason(c, &session.sid)?;
            end(c, &session)?;
            sessions::delete_left(c, &session.sid)?;
            Ok((before, sessions::find_reason(c, &session.sid)?))
        });
        assert_eq!(outcome.await.unwrap(), (None, Some("owner".to_owned())));
    }
}

#[actix_web::test]
async fn a_sample_row_never_replaces_an_imported_one() {
    let data = Data::new();
    let imported = Taxpayer { legal_name: "IMPORTED".to_owned(), ..sample() };
    data.store.write(move |c| taxpayers::upsert(c, &[imported], Source::Import, NOW)).await.unwrap();
    data.store.write(|c| taxpayers::upsert(c, &[sample()], Source::Sample, NOW)).await.unwrap();
    let found = data.store.read(|c| taxpayers::find(c, GSTIN)).await.unwrap().unwrap();
    assert_eq!(found.legal_name, "IMPORTED");
    assert!(!data.store.read(taxpayers::has_samples).await.unwrap());
}

#[actix_web::test]
async fn sqlite_keeps_every_kind_of_row() {
    every_kind_of_row_is_kept(&Data::new().store).await;
}

#[cfg(feature = "postgres")]
#[actix_web::test]
#[expect(clippy::disallowed_methods, reason = "the test runner says where its PostgreSQL is")]
async fn postgres_migrations_run_and_the_store_works() {
    let url = std::env::var("SANAD_TEST_POSTGRES_URL").expect("SANAD_TEST_POSTGRES_URL names a PostgreSQL");
    let database = Database::Postgres(url);
    let store = Store::open(&database).unwrap();
    every_kind_of_row_is_kept(&store).await;
    parallel_counts_are_all_different(&store).await;
    events_are_append_only(&store).await;
    // The second start finds the schema as it is, and what the first one wrote.
    let again = Store::open(&database).unwrap();
    assert_eq!(again.read(|c| taxpayers::find(c, GSTIN)).await.unwrap().unwrap().legal_name, "LATER NAME");
}

#[cfg(feature = "postgres")]
async fn parallel_counts_are_all_different(store: &Store) {
    let key = ids::random();
    let counts = join_all((0..50).map(|_| {
        let key = key.clone();
        store.write(move |c| counters::count(c, &key, HOUR, NOW))
    }))
    .await;
    let mut counts: Vec<i64> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<i64>>());
}

#[cfg(feature = "postgres")]
async fn events_are_append_only(store: &Store) {
    store.write(|c| events::insert(c, &event("kept"))).await.unwrap();
    for statement in ["UPDATE events SET outcome = 'refused'", "DELETE FROM events"] {
        let refused = store.write(move |c| Ok(c.batch_execute(statement)?)).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
}

/// The same walk on either database.
async fn every_kind_of_row_is_kept(store: &Store) {
    taxpayers_are_inserted_and_replaced(store).await;
    a_second_account_of_a_name_is_refused(store).await;
    counters_count_close_and_open_again(store).await;
    parallel_spenders_share_a_budget(store).await;
    journeys_advance_once(store).await;
    api_access_is_replaced_and_switched_off_once(store).await;
    each_notice_of_api_access_is_told_once(store).await;
}

async fn taxpayers_are_inserted_and_replaced(store: &Store) {
    let first = sample();
    let later = Taxpayer { legal_name: "LATER NAME".to_owned(), emails: Vec::new(), ..sample() };
    for (taxpayer, expected) in [(first.clone(), first), (later.clone(), later)] {
        store.write(move |c| taxpayers::upsert(c, &[taxpayer], Source::Import, NOW)).await.unwrap();
        let found = store.read(|c| taxpayers::find(c, GSTIN)).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }
}

async fn a_second_account_of_a_name_is_refused(store: &Store) {
    let username = ids::random();
    for expected in [Inserted::Yes, Inserted::Taken] {
        let account = account(&username);
        assert_eq!(store.write(move |c| accounts::insert(c, &account)).await.unwrap(), expected);
    }
    let found = store.read(move |c| accounts::find_by_username(c, Portal::Irp, &username)).await.unwrap();
    assert!(found.is_some());
}

async fn parallel_spenders_share_a_budget(store: &Store) {
    let (plenty, scarce) = (Budget::new(ids::random(), 100, HOUR), Budget::new(ids::random(), 5, HOUR));
    let spenders = join_all((0..40).map(|_| {
        let budgets = [plenty.clone(), scarce.clone()];
        store.write(move |c| counters::take(c, &budgets, NOW))
    }));
    let spent = spenders.await.into_iter().filter(|taken| *taken.as_ref().unwrap() == Ok(())).count();
    assert_eq!(spent, 5);
    // Whoever found the second exhausted has given the first back.
    let next = store.write(move |c| counters::count(c, &plenty.key, HOUR, NOW)).await.unwrap();
    assert_eq!(next, 6);
}

async fn counters_count_close_and_open_again(store: &Store) {
    let budget = Budget::new(ids::random(), 2, HOUR);
    let mut taken = Vec::new();
    for now in [NOW, NOW, NOW, NOW.plus(HOUR)] {
        let budget = budget.clone();
        taken.push(store.write(move |c| counters::take(c, &[budget], now)).await.unwrap());
    }
    assert_eq!(taken, [Ok(()), Ok(()), Err(NOW.plus(HOUR)), Ok(())]);

    let key = ids::random();
    let closed = store.write(move |c| {
        counters::close(c, &key, NOW.plus(60))?;
        let while_closed = counters::closed_until(c, &key, NOW.plus(59))?;
        Ok((while_closed, counters::closed_until(c, &key, NOW.plus(60))?))
    });
    assert_eq!(closed.await.unwrap(), (Some(NOW.plus(60)), None));
}

async fn journeys_advance_once(store: &Store) {
    let journey = journey();
    let id = journey.id.clone();
    store.write(move |c| journeys::insert(c, &journey)).await.unwrap();
    for moved in [true, false] {
        let id = id.clone();
        let advanced = store.write(move |c| journeys::advance(c, &id, Stage::Details, Stage::Contact)).await;
        assert_eq!(advanced.unwrap(), moved);
    }
    let found = store.read(move |c| journeys::find(c, &id)).await.unwrap().unwrap();
    assert_eq!((found.stage, found.subject.as_str()), (Stage::Contact, GSTIN));
}

/// Of a GSTIN of its own: the tables of a PostgreSQL are there from test to test.
fn access(gstin: &str, duration: Duration, at: Moment) -> ApiAccess {
    let switch = Switch::on(duration, at);
    ApiAccess {
        gstin: gstin.to_owned(),
        switch,
        account_id: ids::random(),
        replaced_until: None,
        next_notice_at: switch.next_notice_at(at),
    }
}

async fn find_access(store: &Store, gstin: &str) -> Option<ApiAccess> {
    let gstin = gstin.to_owned();
    store.read(move |c| api_access::find(c, &gstin)).await.unwrap()
}

async fn switch_off(store: &Store, gstin: &str, now: Moment) -> bool {
    let gstin = gstin.to_owned();
    store.write(move |c| api_access::set_off(c, &gstin, now)).await.unwrap()
}

async fn api_access_is_replaced_and_switched_off_once(store: &Store) {
    let gstin = ids::random();
    assert_eq!(find_access(store, &gstin).await, None);
    assert!(!switch_off(store, &gstin, NOW).await);
    let first = access(&gstin, Duration::SixHours, NOW);
    let later = access(&gstin, Duration::ThirtyDays, NOW.plus(HOUR));
    let later = ApiAccess { replaced_until: Some(first.switch.until), ..later };
    for stored in [first.clone(), later.clone(), first.clone()] {
        let written = stored.clone();
        store.write(move |c| api_access::set_on(c, &written)).await.unwrap();
        assert_eq!(find_access(store, &gstin).await, Some(stored));
    }

    assert!(!switch_off(store, &gstin, first.switch.until).await, "it was over by itself");
    let off_at = first.switch.until.plus(-1);
    assert!(switch_off(store, &gstin, off_at).await);
    assert!(!switch_off(store, &gstin, off_at).await);
    let switch = Switch { ended_at: Some(off_at), ..first.switch };
    assert_eq!(find_access(store, &gstin).await, Some(ApiAccess { switch, next_notice_at: None, ..first }));
}

async fn each_notice_of_api_access_is_told_once(store: &Store) {
    let gstin = ids::random();
    let was = access(&gstin, Duration::SevenDays, NOW);
    let (due, until) = (was.next_notice_at.unwrap(), was.switch.until);
    let written = was.clone();
    store.write(move |c| api_access::set_on(c, &written)).await.unwrap();
    for (now, is_due) in [(due.plus(-1), false), (due, true), (until, true)] {
        let listed = store.read(move |c| api_access::list_due(c, now, 1000)).await.unwrap();
        assert_eq!(listed.contains(&was), is_due);
    }

    let tell = async |was: &ApiAccess, next: Option<Moment>| {
        let was = was.clone();
        store.write(move |c| api_access::set_told(c, &was, next)).await.unwrap()
    };
    let told = join_all((0..20).map(|_| tell(&was, Some(until)))).await;
    assert_eq!(told.into_iter().filter(|told| *told).count(), 1);
    let told_once = ApiAccess { next_notice_at: Some(until), ..was.clone() };
    assert_eq!(find_access(store, &gstin).await, Some(told_once.clone()));

    // Whoever read the row before it was switched anew tells nothing of the old end.
    let anew = access(&gstin, Duration::SevenDays, NOW.plus(DAY));
    let written = ApiAccess { next_notice_at: told_once.next_notice_at, ..anew.clone() };
    store.write(move |c| api_access::set_on(c, &written)).await.unwrap();
    assert!(!tell(&told_once, None).await);
    let told_last = ApiAccess { next_notice_at: Some(until), ..anew };
    assert!(tell(&told_last, None).await);
    assert_eq!(find_access(store, &gstin).await, Some(ApiAccess { next_notice_at: None, ..told_last.clone() }));
    assert!(!tell(&told_last, None).await);
}
