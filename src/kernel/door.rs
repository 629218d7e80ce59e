//! The two doors for software (domain.md 4), and how long what they hand out works.

use super::api_access::CLOCK_SLACK;
use super::clock::Moment;

/// A door for software.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/eivital/…`: the sign-in of the e-invoice system, opened by IRP API credentials.
    Irp,
    /// `/taxpayerapi/…`: the sign-in of the GST system, opened by API access and an OTP.
    Gstn,
}

impl Door {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Irp, Self::Gstn];

    /// The name in the store and in the answer of introspection.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Irp => "irp",
            Self::Gstn => "gstn",
        }
    }

    /// The door of exactly that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.as_str() == name)
    }
}

/// When a token was handed out and when it is over, in moments of our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub issued_at: Moment,
    /// The first second in which it is over.
    pub expires_at: Moment,
    /// When it was killed before that.
    pub revoked_at: Option<Moment>,
}

impl Life {
    /// Handed out at `now` for so many `seconds`.
    pub const fn new(now: Moment, seconds: i64) -> Self {
        Self { issued_at: now, expires_at: now.plus(seconds), revoked_at: None }
    }

    /// Whether the token works at `now`. One from the future does not: the clock was set back (security.md R-7).
    pub fn is_live(&self, now: Moment) -> bool {
        self.revoked_at.is_none() && now < self.expires_at && self.issued_at <= now.plus(CLOCK_SLACK)
    }

    /// Whether a further sign-in at `now` gets this token again instead of a new one: while it works, unless the caller
    /// forces a refresh and no more than `window` seconds of it are left (domain.md 4.1).
    pub fn serves(&self, now: Moment, forced: bool, window: i64) -> bool {
        self.is_live(now) && !(forced && self.expires_at.since(now) <= window)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Moment = Moment::from_seconds(1_795_260_660);
    const LIFE: i64 = 360 * 60;
    const WINDOW: i64 = 600;

    #[test]
    fn a_door_has_one_name() {
        assert!(Door::ALL.iter().all(|door| Door::parse(door.as_str()) == Some(*door)));
        assert_eq!(Door::parse("IRP"), None);
    }

    #[test]
    fn a_token_works_to_the_second() {
        let life = Life::new(START, LIFE);
        assert!(life.is_live(START) && life.is_live(START.plus(LIFE - 1)));
        assert!(!life.is_live(START.plus(LIFE)));
        assert!(!Life { revoked_at: Some(START), ..life }.is_live(START));
    }

    #[test]
    fn a_clock_set_back_ends_it_and_a_small_difference_does_not() {
        let life = Life::new(START, LIFE);
        assert!(life.is_live(START.plus(-CLOCK_SLACK)));
        assert!(!life.is_live(START.plus(-CLOCK_SLACK - 1)));
    }

    #[test]
    fn a_forced_refresh_is_one_only_in_the_last_minutes() {
        let life = Life::new(START, LIFE);
        let opens = START.plus(LIFE - WINDOW);
        assert!(life.serves(opens.plus(-1), true, WINDOW));
        assert!(!life.serves(opens, true, WINDOW));
        assert!(life.serves(opens, false, WINDOW));
        assert!(!life.serves(START.plus(LIFE), false, WINDOW));
    }

    proptest! {
        #[test]
        fn nothing_over_is_ever_handed_out_again(after in -100..2 * LIFE, forced: bool, window in 0..LIFE) {
            let (life, now) = (Life::new(START, LIFE), START.plus(after));
            prop_assert!(!life.serves(now, forced, window) || life.is_live(now));
        }
    }
}
