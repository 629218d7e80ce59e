//! Ends as calendar entries (RFC 5545), for people who plan by their calendar.

use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{Alarm, Calendar, Component as _, Event, EventLike as _, Property, Trigger};

use super::host_name;
use crate::kernel::api_access::{Duration, Switch};
use crate::kernel::clock::{DAY, HOUR, Moment};
use crate::settings::Settings;
use crate::words::{Lang, Words};

/// The type of a calendar, for a mail's part and for an answer to a browser.
pub const CONTENT_TYPE: &str = "text/calendar; charset=utf-8; method=PUBLISH";

/// The name under which a calendar is saved.
pub const FILE_NAME: &str = "api-access.ics";

/// 01/01/2026 UTC. Counted from here, the seconds fit the signed 32 bits of a SEQUENCE until 2094 (RFC 5545 3.8.7.4).
const SEQUENCE_BEGINS: Moment = Moment::from_seconds(1_767_225_600);

/// The end of API access as a calendar of one entry, with a reminder before it. `manage` is the path of Manage API
/// Access.
///
/// A GSTIN's entry has one name for good and a number that grows with every switch-on, so that a later file replaces
/// the entry of an earlier one. The same switch always gives the same file.
pub fn api_access(settings: &Settings, gstin: &str, switch: &Switch, manage: &str) -> String {
    let w = Words::new(Lang::En);
    let link = format!("{}{manage}", settings.base_url);
    let uid = format!("api-access-{gstin}@{}", host_name(settings));
    let summary = w.calendar_api_access_summary().gstin(gstin).to_string();
    let entry = Event::with_uid(&uid)
        .timestamp(utc(switch.enabled_at))
        .sequence(sequence(switch.enabled_at))
        .starts(utc(switch.until))
        .summary(&summary)
        .description(&w.calendar_api_access_text().gstin(gstin).link(&link).to_string())
        .url(&link)
        // An end takes no time of anybody's day.
        .add_property("TRANSP", "TRANSPARENT")
        .alarm(alarm(&uid, &summary, switch))
        .done();
    let mut calendar = Calendar::empty();
    for (name, value) in [("VERSION", "2.0"), ("PRODID", "-//Sanad//API access//EN"), ("METHOD", "PUBLISH")] {
        calendar.append_property(Property::new(name, value));
    }
    calendar.push(entry).to_string()
}

/// What the crate would add by itself, a random name and the machine's time, is given here.
fn alarm(uid: &str, text: &str, switch: &Switch) -> Alarm {
    let before = match switch.duration {
        Duration::SixHours | Duration::TwelveHours => HOUR,
        Duration::SevenDays | Duration::ThirtyDays => DAY,
    };
    Alarm::display(text, Trigger::from(TimeDelta::seconds(-before)))
        .uid(&format!("alarm-{uid}"))
        .timestamp(utc(switch.enabled_at))
        .done()
}

fn sequence(enabled_at: Moment) -> u32 {
    let seconds = enabled_at.since(SEQUENCE_BEGINS).clamp(0, i64::from(i32::MAX));
    u32::try_from(seconds).unwrap_or_default()
}

/// 1970 for a moment that no calendar can hold.
fn utc(moment: Moment) -> DateTime<Utc> {
    DateTime::from_timestamp(moment.seconds(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GSTIN: &str = "29ABCDE1234F1ZW";
    const MANAGE: &str = "/gst/profile/api-access";
    /// 21/11/2026 17:01:00 IST.
    const START: Moment = Moment::from_seconds(1_795_260_660);

    fn file(duration: Duration, enabled_at: Moment) -> String {
        let base_url = ("BASE_URL".to_owned(), "https://einvoice.example.in:8443".to_owned());
        let settings = Settings::from_sources("", [base_url]).unwrap();
        api_access(&settings, GSTIN, &Switch::on(duration, enabled_at), MANAGE)
    }

    /// Its lines, unfolded (RFC 5545 3.1).
    fn lines(file: &str) -> Vec<String> {
        file.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn the_entry_stands_at_the_end_of_the_access() {
        let text = "After this moment software cannot start a session for GSTIN 29ABCDE1234F1ZW. Turn API access on \
            again under Manage API Access: https://einvoice.example.in:8443/gst/profile/api-access";
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Sanad//API access//EN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            &format!("DESCRIPTION:{text}"),
            "DTSTAMP:20261121T113100Z",
            "DTSTART:20261128T113100Z",
            "SEQUENCE:28035060",
            "SUMMARY:API access for GSTIN 29ABCDE1234F1ZW ends",
            "TRANSP:TRANSPARENT",
            "UID:api-access-29ABCDE1234F1ZW@einvoice.example.in",
            "URL:https://einvoice.example.in:8443/gst/profile/api-access",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:API access for GSTIN 29ABCDE1234F1ZW ends",
            "DTSTAMP:20261121T113100Z",
            "TRIGGER:-PT86400S",
            "UID:alarm-api-access-29ABCDE1234F1ZW@einvoice.example.in",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
        ];
        assert_eq!(lines(&file(Duration::SevenDays, START)), expected);
    }

    #[test]
    fn lines_end_as_calendars_want_and_are_no_longer_than_75_bytes() {
        let file = file(Duration::ThirtyDays, START);
        assert_eq!(file.matches('\n').count(), file.matches("\r\n").count());
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        assert!(file.split("\r\n").all(|line| line.len() <= 75), "{file}");
        assert!(file.contains("\r\n "), "a long line is folded");
    }

    #[test]
    fn the_reminder_comes_a_day_before_or_an_hour_when_it_is_short() {
        for (duration, trigger) in Duration::ALL.iter().zip(["3600", "3600", "86400", "86400"]) {
            assert!(file(*duration, START).contains(&format!("TRIGGER:-PT{trigger}S\r\n")), "{duration:?}");
        }
    }

    #[test]
    fn the_same_switch_gives_the_same_file_and_a_later_one_replaces_the_entry() {
        assert_eq!(file(Duration::SixHours, START), file(Duration::SixHours, START));
        assert!(sequence(START.plus(1)) > sequence(START));
        assert_eq!(sequence(Moment::from_seconds(0)), 0);
        assert_eq!(sequence(Moment::from_seconds(i64::MAX)), 2_147_483_647);
    }
}
