//! Manage API Access: whether software may start a session for a GSTIN, and for how long at most (domain.md 3.3,
//! screens.md C7), and when the taxpayer is told that it ends (M8, M9).

use super::clock::{DAY, HOUR, MINUTE, Moment};

/// A session of software lasts six hours at most, however long the access (domain.md 3.3).
const LONGEST_SESSION: i64 = 6 * HOUR / MINUTE;

/// Seconds by which two machines' clocks may differ. Whatever began later than that began before the clock was set
/// back, and counts no more (security.md R-7).
pub const CLOCK_SLACK: i64 = 5;

/// For how long access is switched on: the four choices of the page, thirty days at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    SixHours,
    TwelveHours,
    SevenDays,
    ThirtyDays,
}

impl Duration {
    /// In the order of the page.
    pub const ALL: &[Self] = &[Self::SixHours, Self::TwelveHours, Self::SevenDays, Self::ThirtyDays];

    /// The choice of that form value, which must be exactly one of `as_str`.
    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|duration| duration.as_str() == raw)
    }

    /// The value of the form and of the store (screens.md 1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SixHours => "6h",
            Self::TwelveHours => "12h",
            Self::SevenDays => "7d",
            Self::ThirtyDays => "30d",
        }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::SixHours => 6 * HOUR,
            Self::TwelveHours => 12 * HOUR,
            Self::SevenDays => 7 * DAY,
            Self::ThirtyDays => 30 * DAY,
        }
    }

    /// How many seconds before the end the taxpayer is reminded, the earliest reminder first (screens.md 2.6, M8).
    const fn reminders(self) -> &'static [i64] {
        match self {
            Self::SixHours => &[],
            Self::TwelveHours => &[HOUR],
            Self::SevenDays => &[DAY],
            Self::ThirtyDays => &[3 * DAY, DAY],
        }
    }
}

/// A Yes on Manage API Access, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    pub duration: Duration,
    pub enabled_at: Moment,
    /// The first second in which access is over.
    pub until: Moment,
    /// When it was switched off by hand; `None` when it runs or has run its time.
    pub ended_at: Option<Moment>,
}

/// How access stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was never on, or was switched on by a clock that has been set back since.
    Off,
    /// A person chose No.
    SwitchedOff {
        at: Moment,
    },
    On {
        until: Moment,
    },
    /// Its time is over.
    Ended {
        at: Moment,
    },
}

/// What the taxpayer is told about an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It is near: `before` seconds away when this notice is on time.
    EndsSoon { before: i64 },
    /// It has come.
    Ended,
}

impl Switch {
    /// Switched on at `now`, for exactly `duration`.
    pub const fn on(duration: Duration, now: Moment) -> Self {
        Self { duration, enabled_at: now, until: now.plus(duration.seconds()), ended_at: None }
    }

    /// The latest notice whose moment has come. Those before it are out of date and never told late. `None` when none
    /// has come yet, or when access was switched off by hand.
    pub fn due_notice(&self, now: Moment) -> Option<Notice> {
        self.notices().take_while(|(at, _)| *at <= now).last().map(|(_, notice)| notice)
    }

    /// The moment of the first notice later than `after`; `None` when there is none, or when access was switched off
    /// by hand.
    pub fn next_notice_at(&self, after: Moment) -> Option<Moment> {
        self.notices().map(|(at, _)| at).find(|at| *at > after)
    }

    /// Every notice with its moment, in the order of time; none once it was switched off by hand.
    fn notices(&self) -> impl Iterator<Item = (Moment, Notice)> {
        let reminders = self.duration.reminders().iter();
        let reminders = reminders.map(|before| (self.until.plus(-before), Notice::EndsSoon { before: *before }));
        let runs = self.ended_at.is_none();
        reminders.chain([(self.until, Notice::Ended)]).filter(move |_| runs)
    }
}

/// How access stands at `now`, given the last switch, or none when there never was one.
pub fn state(switch: Option<&Switch>, now: Moment) -> State {
    let Some(switch) = switch.filter(|switch| switch.enabled_at <= now.plus(CLOCK_SLACK)) else { return State::Off };
    match switch.ended_at {
        Some(at) => State::SwitchedOff { at },
        None if now < switch.until => State::On { until: switch.until },
        None => State::Ended { at: switch.until },
    }
}

/// How many whole minutes a session may last that software starts at `now`: never past the end of the access. `None`
/// refuses it (`AUTH4037`): access is off or over, or less than a minute of it is left.
pub fn session_minutes(switch: Option<&Switch>, now: Moment) -> Option<i64> {
    let State::On { until } = state(switch, now) else { return None };
    let left = until.since(now) / MINUTE;
    (left > 0).then_some(left.min(LONGEST_SESSION))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const START: Moment = Moment::from_seconds(1_795_260_660);

    fn minutes(switch: &Switch, after: i64) -> Option<i64> {
        session_minutes(Some(switch), START.plus(after))
    }

    fn state_after(switch: &Switch, after: i64) -> State {
        state(Some(switch), START.plus(after))
    }

    #[test]
    fn durations_are_read_exactly_as_they_are_written() {
        for duration in Duration::ALL {
            assert_eq!(Duration::parse(duration.as_str()), Some(*duration));
        }
        for other in ["", "6H", " 6h", "6h ", "06h", "6", "24h", "31d", "30d\0"] {
            assert_eq!(Duration::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn each_duration_ends_to_the_second() {
        let lengths = [6 * 3600, 12 * 3600, 7 * 86_400, 30 * 86_400];
        for (duration, length) in Duration::ALL.iter().zip(lengths) {
            let (switch, until) = (Switch::on(*duration, START), START.plus(length));
            assert_eq!(switch.until, until);
            assert_eq!(state_after(&switch, 0), State::On { until });
            assert_eq!(state_after(&switch, length - 1), State::On { until });
            assert_eq!(state_after(&switch, length), State::Ended { at: until });
            assert_eq!(state_after(&switch, length + 1), State::Ended { at: until });
        }
    }

    #[test]
    fn a_session_lasts_what_is_left_and_six_hours_at_most() {
        for duration in Duration::ALL {
            let (switch, length) = (Switch::on(*duration, START), duration.seconds());
            assert_eq!(minutes(&switch, 0), Some(360));
            let last_full = length - 360 * 60;
            assert_eq!(minutes(&switch, last_full), Some(360));
            assert_eq!(minutes(&switch, last_full + 1), Some(359));
            assert_eq!(minutes(&switch, length - 61), Some(1));
            assert_eq!(minutes(&switch, length - 60), Some(1));
            assert_eq!(minutes(&switch, length - 59), None);
            assert_eq!(minutes(&switch, length), None);
        }
    }

    #[test]
    fn what_was_never_on_or_switched_off_refuses_software() {
        assert_eq!((state(None, START), session_minutes(None, START)), (State::Off, None));
        let at = START.plus(HOUR);
        let switch = Switch { ended_at: Some(at), ..Switch::on(Duration::ThirtyDays, START) };
        for after in [HOUR, HOUR + 1, 40 * DAY] {
            assert_eq!((state_after(&switch, after), minutes(&switch, after)), (State::SwitchedOff { at }, None));
        }
    }

    #[test]
    fn a_clock_set_back_ends_it_and_a_small_difference_does_not() {
        let switch = Switch::on(Duration::SixHours, START);
        assert_eq!(state_after(&switch, -5), State::On { until: switch.until });
        assert_eq!(minutes(&switch, -5), Some(360));
        assert_eq!((state_after(&switch, -6), minutes(&switch, -6)), (State::Off, None));
    }

    #[test]
    fn each_duration_has_its_reminders_to_the_second() {
        let expected: [&[i64]; 4] = [&[], &[HOUR], &[DAY], &[3 * DAY, DAY]];
        for (duration, reminders) in Duration::ALL.iter().zip(expected) {
            let switch = Switch::on(*duration, START);
            let mut before_it = None;
            for before in reminders {
                let (at, notice) = (switch.until.plus(-before), Some(Notice::EndsSoon { before: *before }));
                assert_eq!(switch.due_notice(at.plus(-1)), before_it);
                assert_eq!(switch.next_notice_at(at.plus(-1)), Some(at));
                assert_eq!((switch.due_notice(at), switch.due_notice(at.plus(1))), (notice, notice));
                before_it = notice;
            }
            let until = switch.until;
            assert_eq!(switch.due_notice(until.plus(-1)), before_it);
            assert_eq!(switch.next_notice_at(until.plus(-1)), Some(until));
            assert_eq!(switch.due_notice(until), Some(Notice::Ended));
            assert_eq!(switch.next_notice_at(until), None);
        }
    }

    #[test]
    fn whoever_switched_it_off_is_not_reminded() {
        let switch = Switch { ended_at: Some(START.plus(1)), ..Switch::on(Duration::ThirtyDays, START) };
        for now in [START, switch.until.plus(-DAY), switch.until] {
            assert_eq!((switch.due_notice(now), switch.next_notice_at(now)), (None, None));
        }
    }

    proptest! {
        #[test]
        fn a_session_never_reaches_past_the_end_and_goes_with_the_state(
            duration in select(Duration::ALL),
            ended_after in proptest::option::of(0..31 * DAY),
            after in -2 * HOUR..32 * DAY,
        ) {
            let ended_at = ended_after.map(|seconds| START.plus(seconds));
            let switch = Switch { ended_at, ..Switch::on(duration, START) };
            let now = START.plus(after);
            let is_on = matches!(state(Some(&switch), now), State::On { .. });
            match session_minutes(Some(&switch), now) {
                Some(minutes) => {
                    prop_assert!(is_on && (1..=360).contains(&minutes));
                    prop_assert!(now.plus(minutes * MINUTE) <= switch.until);
                }
                None => prop_assert!(!is_on || switch.until.since(now) < MINUTE),
            }
        }

        #[test]
        fn every_notice_is_due_from_its_moment_on(duration in select(Duration::ALL), after in 0..31 * DAY) {
            let (switch, now) = (Switch::on(duration, START), START.plus(after));
            if let Some(next) = switch.next_notice_at(now) {
                prop_assert!(next > now && next <= switch.until);
                prop_assert_ne!(switch.due_notice(next), switch.due_notice(now));
                prop_assert_eq!(switch.due_notice(next.plus(-1)), switch.due_notice(now));
            } else {
                prop_assert_eq!(switch.due_notice(now), Some(Notice::Ended));
            }
        }
    }
}
