//! Taxpayers are told in time, and once, that API access ends (M8) and that it has ended (M9).

use std::sync::Arc;

use futures_util::future::join_all;
use sanad::demo;
use sanad::kernel::api_access::{Duration, Switch};
use sanad::kernel::clock::{Clock, DAY, HOUR, MINUTE, Moment};
use sanad::kernel::contact::Email;
use sanad::notify::demo::list;
use sanad::notify::{Outbox, Reminders};
use sanad::settings::Settings;
use sanad::store::api_access::{self, ApiAccess};
use sanad::store::events::{self, Event};
use sanad::store::taxpayers::{self, Source};
use sanad::store::{Result, Store};
use sanad::vault::KeyRing;
use tempfile::TempDir;

use crate::mail::eventually;
use crate::support::App;
use crate::support::app::START;
use crate::support::samples::*;

const MANAGE: &str = "/gst/profile/api-access";
const OFF: &str = "API access is off";

/// A data folder with the sample register, where nobody tells anything but by `send_due`.
struct Office {
    clock: Clock,
    store: Store,
    keys: Arc<KeyRing>,
    settings: Arc<Settings>,
    _data: TempDir,
}

impl Office {
    async fn open() -> Self {
        let data = TempDir::new().unwrap();
        let folder = ("DATA_DIR".to_owned(), data.path().display().to_string());
        let settings = Settings::from_sources("", [folder]).unwrap();
        let opened = sanad::app::open(&settings).unwrap();
        demo::load_sample(&opened.store, START).await.unwrap();
        let settings = Arc::new(settings);
        Self { clock: Clock::settable(START), store: opened.store, keys: opened.keys, settings, _data: data }
    }

    /// With API access of ACME switched on just now.
    async fn with_access(duration: Duration) -> Self {
        let office = Self::open().await;
        switch_on(&office.store, duration, START).await.unwrap();
        office
    }

    fn reminders(&self) -> Reminders {
        let outbox = Outbox::new(self.keys.clone(), self.settings.clone());
        Reminders::new(self.store.clone(), self.clock.clone(), self.settings.clone(), Arc::new(outbox), MANAGE)
    }

    async fn send_due(&self) -> usize {
        self.reminders().send_due().await.unwrap()
    }

    /// Moves the clock to `before` seconds before the end of what was switched on at the start.
    fn go_to(&self, duration: Duration, before: i64) {
        self.clock.advance(START.plus(duration.seconds() - before).since(self.clock.now()));
    }

    /// Every message so far as subject and recipient, the oldest first.
    async fn told(&self) -> Vec<(String, String)> {
        let mut shown = list(&self.store, &self.keys).await.unwrap();
        shown.reverse();
        shown.into_iter().map(|shown| (shown.subject, shown.to)).collect()
    }

    /// The notices sent so far, each of which must have gone to both addresses of ACME.
    async fn notices(&self) -> Vec<String> {
        let told = self.told().await;
        let pairs = told.chunks(2).map(|pair| {
            let mut to: Vec<&str> = pair.iter().map(|(_, to)| to.as_str()).collect();
            to.sort_unstable();
            assert_eq!(to, [ACME_OTHER_EMAIL, ACME.email], "{told:?}");
            assert_eq!(pair[0].0, pair[1].0, "{told:?}");
            pair[0].0.clone()
        });
        pairs.collect()
    }

    async fn events(&self) -> Vec<Event> {
        self.store.read(|c| events::list_by_gstin(c, ACME.gstin)).await.unwrap()
    }

    /// Nothing is told a second before the moment, one notice at it, and nothing a second after.
    async fn assert_told_at(&self, duration: Duration, before: i64, subject: &str) {
        let so_far = self.notices().await;
        self.go_to(duration, before + 1);
        assert_eq!(self.send_due().await, 0);
        assert_eq!(self.notices().await, so_far);
        self.clock.advance(1);
        assert_eq!(self.send_due().await, 1);
        self.clock.advance(1);
        assert_eq!(self.send_due().await, 0);
        assert_eq!(self.notices().await, [so_far, vec![subject.to_owned()]].concat());
    }
}

async fn switch_on(store: &Store, duration: Duration, now: Moment) -> Result<()> {
    let switch = Switch::on(duration, now);
    let access = ApiAccess {
        gstin: ACME.gstin.to_owned(),
        switch,
        account_id: "account".to_owned(),
        replaced_until: None,
        next_notice_at: switch.next_notice_at(now),
    };
    store.write(move |c| api_access::set_on(c, &access)).await
}

#[actix_web::test]
async fn thirty_days_are_told_of_three_days_and_one_day_before_and_at_the_end() {
    let office = Office::with_access(Duration::ThirtyDays).await;
    office.assert_told_at(Duration::ThirtyDays, 3 * DAY, "API access ends in 3 days").await;
    office.assert_told_at(Duration::ThirtyDays, DAY, "API access ends in 24 hours").await;
    office.assert_told_at(Duration::ThirtyDays, 0, OFF).await;
}

#[actix_web::test]
async fn seven_days_are_told_of_one_day_before_and_at_the_end() {
    let office = Office::with_access(Duration::SevenDays).await;
    office.assert_told_at(Duration::SevenDays, DAY, "API access ends in 24 hours").await;
    office.assert_told_at(Duration::SevenDays, 0, OFF).await;
}

#[actix_web::test]
async fn twelve_hours_are_told_of_one_hour_before_and_at_the_end() {
    let office = Office::with_access(Duration::TwelveHours).await;
    office.assert_told_at(Duration::TwelveHours, HOUR, "API access ends in 1 hour").await;
    office.assert_told_at(Duration::TwelveHours, 0, OFF).await;
}

#[actix_web::test]
async fn six_hours_are_told_of_at_the_end_only() {
    let office = Office::with_access(Duration::SixHours).await;
    office.assert_told_at(Duration::SixHours, 0, OFF).await;
    assert_eq!(office.notices().await, [OFF]);
}

#[actix_web::test]
async fn each_notice_is_recorded_with_the_moment_that_it_tells_of() {
    let office = Office::with_access(Duration::SevenDays).await;
    let until = START.plus(7 * DAY);
    office.go_to(Duration::SevenDays, DAY);
    office.send_due().await;
    office.go_to(Duration::SevenDays, -HOUR);
    office.send_due().await;

    let [ending, ended] = &office.events().await[..] else { panic!("two events") };
    assert_eq!((ending.action.as_str(), ending.at), ("api_access_ending", until.plus(-DAY).seconds()));
    assert_eq!((ended.action.as_str(), ended.at), ("api_access_ended", until.seconds()));
    for event in [ending, ended] {
        assert_eq!((event.outcome.as_str(), event.portal.as_deref()), ("accepted", Some("gst")));
        assert_eq!(event.detail, format!("{{\"until\":{}}}", until.seconds()));
        assert!([&event.request_id, &event.address, &event.device].iter().all(|text| text.is_empty()));
        assert_eq!(event.account_id, None);
    }
}

#[actix_web::test]
async fn after_a_late_start_only_the_latest_notice_is_told() {
    let office = Office::with_access(Duration::ThirtyDays).await;
    office.go_to(Duration::ThirtyDays, 20 * HOUR);
    assert_eq!((office.send_due().await, office.send_due().await), (1, 0));
    assert_eq!(office.notices().await, ["API access ends on 21/12/2026 17:01 IST"]);

    let office = Office::with_access(Duration::ThirtyDays).await;
    office.go_to(Duration::ThirtyDays, -2 * DAY);
    assert_eq!((office.send_due().await, office.send_due().await), (1, 0));
    assert_eq!(office.notices().await, [OFF]);
}

#[actix_web::test]
async fn a_reminder_a_few_minutes_late_is_worded_as_ever() {
    let office = Office::with_access(Duration::SevenDays).await;
    office.go_to(Duration::SevenDays, DAY - 10 * MINUTE);
    office.send_due().await;
    assert_eq!(office.notices().await, ["API access ends in 24 hours"]);
}

#[actix_web::test]
async fn of_many_who_look_at_once_one_tells() {
    let office = Office::with_access(Duration::SevenDays).await;
    for before in [DAY, 0] {
        office.go_to(Duration::SevenDays, before);
        let instances: Vec<Reminders> = (0..8).map(|_| office.reminders()).collect();
        let told = join_all(instances.iter().map(Reminders::send_due)).await;
        assert_eq!(told.into_iter().map(Result::unwrap).sum::<usize>(), 1);
    }
    assert_eq!(office.notices().await, ["API access ends in 24 hours", OFF]);
    assert_eq!(office.events().await.len(), 2);
}

#[actix_web::test]
async fn what_was_switched_off_by_hand_is_not_told_of() {
    let office = Office::with_access(Duration::SevenDays).await;
    let off_at = START.plus(HOUR);
    assert!(office.store.write(move |c| api_access::set_off(c, ACME.gstin, off_at)).await.unwrap());
    for before in [DAY, 0, -DAY] {
        office.go_to(Duration::SevenDays, before);
        assert_eq!(office.send_due().await, 0);
    }
    assert_eq!((office.told().await, office.events().await.len()), (Vec::new(), 0));
}

#[actix_web::test]
async fn a_new_end_is_told_of_in_place_of_the_old_one() {
    let office = Office::with_access(Duration::TwelveHours).await;
    office.clock.advance(HOUR);
    switch_on(&office.store, Duration::SevenDays, office.clock.now()).await.unwrap();
    office.go_to(Duration::TwelveHours, -HOUR);
    assert_eq!(office.send_due().await, 0);
    office.go_to(Duration::SevenDays, DAY - HOUR);
    assert_eq!(office.send_due().await, 1);
}

#[actix_web::test]
async fn notices_go_where_the_register_says_now() {
    let office = Office::with_access(Duration::SevenDays).await;
    let mut taxpayer = office.store.read(|c| taxpayers::find(c, ACME.gstin)).await.unwrap().unwrap();
    taxpayer.emails = vec![Email::parse("new@acme.example").unwrap()];
    office.store.write(move |c| taxpayers::upsert(c, &[taxpayer], Source::Import, START)).await.unwrap();
    office.go_to(Duration::SevenDays, DAY);
    office.send_due().await;
    let expected = ("API access ends in 24 hours".to_owned(), "new@acme.example".to_owned());
    assert_eq!(office.told().await, [expected]);
}

#[tokio::test]
async fn a_server_tells_by_itself_and_once_though_it_is_started_again() {
    let mut app = App::start().await;
    switch_on(&app.kit.store, Duration::SevenDays, START).await.unwrap();
    let told = async |app: &App, subject: &str| {
        app.messages().await.iter().filter(|message| message.subject == subject).count()
    };
    app.clock.advance(6 * DAY);
    eventually("the reminder", async || (told(&app, "API access ends in 24 hours").await > 0).then_some(())).await;
    app.restart().await;
    app.clock.advance(DAY);
    eventually("the end", async || (told(&app, OFF).await > 0).then_some(())).await;
    // Two addresses each.
    assert_eq!((told(&app, "API access ends in 24 hours").await, told(&app, OFF).await), (2, 2));
}
