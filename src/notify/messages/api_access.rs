//! What is said about Manage API Access: M7 to M9 by mail, S5 by SMS (`screens.md` 2.5 and 2.6).

use super::{Attachment, Cause, Mail, Sms, Writer};
use crate::kernel::api_access::Switch;
use crate::kernel::clock::{DAY, HOUR, MINUTE, Moment};
use crate::notify::{calendar, host_name};

/// A reminder later than this names the end itself: "in 24 hours" would no longer be true.
const LATE: i64 = 10 * MINUTE;

impl Writer<'_> {
    /// M7: API access was switched on. `manage` is the path of Manage API Access.
    pub fn api_access_on(&self, gstin: &str, switch: &Switch, manage: &str, cause: &Cause<'_>) -> Mail {
        let (w, until) = (self.w, switch.until.ist_date_time());
        let subject = w.mail_api_access_on_subject().until(&until).to_string();
        let duration = self.span(switch.duration.seconds());
        let text = w.mail_api_access_on_text().gstin(gstin).duration(duration).until(&until).to_string();
        let turn_off = w.mail_api_access_on_turn_off().link(self.link(manage)).to_string();
        let paragraphs = [text, turn_off, w.mail_api_access_on_calendar().to_owned()];
        let mail = self.letter("api_access_on", subject, &paragraphs, &self.facts(cause), &[self.not_you()]);
        let attachment = Attachment {
            name: calendar::FILE_NAME.to_owned(),
            content_type: calendar::CONTENT_TYPE.to_owned(),
            text: calendar::api_access(self.settings, gstin, switch, manage),
        };
        Mail { attachment: Some(attachment), ..mail }
    }

    /// S5: the same by SMS, without any code in it.
    pub fn api_access_on_sms(&self, gstin_ending: &str, until: Moment) -> Sms {
        let (brand, host) = (&self.settings.brand, host_name(self.settings));
        let text = self.w.sms_api_access_on().brand(brand).ending(gstin_ending).until(until.ist_date_time()).host(host);
        Sms { kind: "api_access_on", text: text.to_string() }
    }

    /// M8: API access ends soon. `before` is how many seconds before the end this reminder belongs, whenever `now` it
    /// is written.
    pub fn api_access_ends(&self, gstin: &str, switch: &Switch, before: i64, now: Moment, manage: &str) -> Mail {
        let (w, until) = (self.w, switch.until.ist_date_time());
        let late = now.since(switch.until.plus(-before)) > LATE;
        let subject = match late {
            true => w.mail_api_access_ends_on().until(&until).to_string(),
            false => w.mail_api_access_ends_in().time(self.span(before)).to_string(),
        };
        let text = w.mail_api_access_ends_text().gstin(gstin).until(&until).to_string();
        let paragraphs = [text, self.manage(manage), w.mail_api_access_ends_renew().to_owned()];
        self.letter("api_access_ends", subject, &paragraphs, &[], &[])
    }

    /// M9: a person switched API access off.
    pub fn api_access_off(&self, gstin: &str, manage: &str, cause: &Cause<'_>) -> Mail {
        let text = self.w.mail_api_access_off_text().gstin(gstin).to_string();
        let after = [self.turn_on(manage), self.not_you()];
        self.letter("api_access_off", self.off_subject(), &[text], &self.facts(cause), &after)
    }

    /// M9: the time of API access was over, at `at`.
    pub fn api_access_ended(&self, gstin: &str, at: Moment, manage: &str) -> Mail {
        let text = self.w.mail_api_access_ended_text().gstin(gstin).until(at.ist_date_time()).to_string();
        self.letter("api_access_ended", self.off_subject(), &[text, self.turn_on(manage)], &[], &[])
    }

    fn off_subject(&self) -> String {
        self.w.mail_api_access_off_subject().to_owned()
    }

    fn manage(&self, manage: &str) -> String {
        self.w.mail_api_access_manage().link(self.link(manage)).to_string()
    }

    fn turn_on(&self, manage: &str) -> String {
        self.w.mail_api_access_turn_on().link(self.link(manage)).to_string()
    }

    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.settings.base_url)
    }

    /// `24 hours`, and from two days on `3 days`.
    fn span(&self, seconds: i64) -> String {
        match seconds > DAY {
            true => self.w.mail_api_access_days().n(seconds / DAY).to_string(),
            false => self.w.mail_api_access_hours().n(seconds / HOUR).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::api_access::Duration;
    use crate::settings::Settings;

    const GSTIN: &str = "29ABCDE1234F1ZW";
    const MANAGE: &str = "/gst/profile/api-access";
    const LINK: &str = "http://127.0.0.1:8080/gst/profile/api-access";
    /// 21/11/2026 17:01:00 IST.
    const START: Moment = Moment::from_seconds(1_795_260_660);
    const CAUSE: Cause<'_> = Cause { at: START, address: "103.87.129.201", device: "Firefox on Windows" };

    fn settings() -> Settings {
        Settings::from_sources("", [("BASE_URL".to_owned(), "http://127.0.0.1:8080".to_owned())]).unwrap()
    }

    /// Both parts of the mail say each of `texts`.
    fn assert_says(mail: &Mail, texts: &[&str]) {
        for text in texts {
            assert!(mail.text.contains(text) && mail.html.contains(text), "{text} is not in: {}", mail.text);
        }
    }

    #[test]
    fn the_notice_of_a_switch_on_says_until_when_how_to_turn_it_off_and_who_did_it() {
        for (duration, words, until) in [
            (Duration::SixHours, "for 6 hours", "21/11/2026 23:01 IST"),
            (Duration::TwelveHours, "for 12 hours", "22/11/2026 05:01 IST"),
            (Duration::SevenDays, "for 7 days", "28/11/2026 17:01 IST"),
            (Duration::ThirtyDays, "for 30 days", "21/12/2026 17:01 IST"),
        ] {
            let (settings, switch) = (settings(), Switch::on(duration, START));
            let mail = Writer::new(&settings).api_access_on(GSTIN, &switch, MANAGE, &CAUSE);
            assert_eq!(mail.subject, format!("API access is on until {until}"));
            assert_says(&mail, &[GSTIN, words, until, LINK, CAUSE.address, CAUSE.device]);
            let attachment = mail.attachment.unwrap();
            assert_eq!(attachment.name, "api-access.ics");
            assert_eq!(attachment.text, calendar::api_access(&settings, GSTIN, &switch, MANAGE));
        }
    }

    #[test]
    fn the_sms_fits_one_message_and_is_worded_as_registered() {
        let sms = Writer::new(&settings()).api_access_on_sms("F1ZW", START.plus(30 * DAY));
        let expected = "Sanad: API access for GSTIN ending F1ZW is ON till 21/12/2026 17:01 IST. Not you? Turn it off \
            at 127.0.0.1";
        assert_eq!((sms.kind, sms.text.as_str()), ("api_access_on", expected));
        assert!(sms.text.len() <= 160 && sms.text.is_ascii());
    }

    #[test]
    fn a_reminder_says_how_long_is_left() {
        for (duration, before, subject) in [
            (Duration::ThirtyDays, 3 * DAY, "API access ends in 3 days"),
            (Duration::SevenDays, DAY, "API access ends in 24 hours"),
            (Duration::TwelveHours, HOUR, "API access ends in 1 hour"),
        ] {
            let (settings, switch) = (settings(), Switch::on(duration, START));
            for late in [0, LATE] {
                let now = switch.until.plus(late - before);
                let mail = Writer::new(&settings).api_access_ends(GSTIN, &switch, before, now, MANAGE);
                assert_eq!(mail.subject, subject);
                assert_says(&mail, &[GSTIN, LINK, &switch.until.ist_date_time()]);
            }
        }
    }

    #[test]
    fn a_late_reminder_names_the_end_instead() {
        let (settings, switch) = (settings(), Switch::on(Duration::SevenDays, START));
        let now = switch.until.plus(-DAY + LATE + 1);
        let mail = Writer::new(&settings).api_access_ends(GSTIN, &switch, DAY, now, MANAGE);
        assert_eq!(mail.subject, "API access ends on 28/11/2026 17:01 IST");
        assert_says(&mail, &["ends on 28/11/2026 17:01 IST", LINK]);
    }

    #[test]
    fn the_notice_of_the_end_says_who_ended_it_or_when_it_ended() {
        let settings = settings();
        let off = Writer::new(&settings).api_access_off(GSTIN, MANAGE, &CAUSE);
        assert_says(&off, &[GSTIN, "21/11/2026 17:01 IST", CAUSE.address, CAUSE.device, LINK]);
        let ended = Writer::new(&settings).api_access_ended(GSTIN, START, MANAGE);
        assert_says(&ended, &[GSTIN, "ended on 21/11/2026 17:01 IST", LINK]);
        assert_eq!((off.subject.as_str(), ended.subject.as_str()), ("API access is off", "API access is off"));
    }
}
