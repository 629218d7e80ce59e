//! Time: the only place that reads the wall clock, and the way people in India read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, FixedOffset};

/// Indian Standard Time is five and a half hours ahead of UTC all year.
const IST_SECONDS_EAST: i32 = 5 * 3600 + 30 * 60;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A moment in whole seconds since 1970, UTC; what every time column of the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This moment moved by `seconds`; never overflows.
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to here; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `17:11`, in IST.
    pub fn ist_time(self) -> String {
        self.ist("%H:%M")
    }

    /// `17:01:30`, in IST.
    pub fn ist_time_with_seconds(self) -> String {
        self.ist("%H:%M:%S")
    }

    /// `21/11/2026`, in IST.
    pub fn ist_date(self) -> String {
        self.ist("%d/%m/%Y")
    }

    /// `21/11/2026 17:11`, in IST.
    pub fn ist_date_time(self) -> String {
        self.ist("%d/%m/%Y %H:%M")
    }

    /// `2026-11-21 17:11:00`, in IST: how the IRP tells software when a token ends (domain.md 4.1).
    pub fn ist_iso(self) -> String {
        self.ist("%Y-%m-%d %H:%M:%S")
    }

    /// `2026-11-21T17:11:00+05:30`, for the `datetime` attribute and for logs.
    pub fn rfc3339(self) -> String {
        self.ist("%Y-%m-%dT%H:%M:%S%:z")
    }

    fn ist(self, format: &str) -> String {
        match (DateTime::from_timestamp(self.0, 0), FixedOffset::east_opt(IST_SECONDS_EAST)) {
            (Some(utc), Some(ist)) => utc.with_timezone(&ist).format(format).to_string(),
            // Outside of what the calendar can hold (some 260,000 years): say the bare number.
            _ => self.0.to_string(),
        }
    }
}

/// Where the time comes from: the machine, or in tests a hand that is moved.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Settable(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until `advance` moves it. Clones share the hand.
    pub fn settable(start: Moment) -> Self {
        Self(Source::Settable(Arc::new(AtomicI64::new(start.seconds()))))
    }

    #[expect(clippy::disallowed_methods, reason = "the one door to the wall clock")]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System => {
                let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Moment(since_epoch.map_or(0, |passed| i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)))
            }
            Source::Settable(hand) => Moment(hand.load(Ordering::SeqCst)),
        }
    }

    /// Moves a settable clock by `seconds` (back when negative); the machine's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Source::Settable(hand) = &self.0 {
            hand.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_indian_standard_time() {
        let moment = Moment::from_seconds(1_795_261_260); // 2026-11-21 11:41:00 UTC
        assert_eq!(moment.ist_time(), "17:11");
        assert_eq!(moment.ist_date_time(), "21/11/2026 17:11");
        assert_eq!(moment.ist_iso(), "2026-11-21 17:11:00");
        assert_eq!(moment.rfc3339(), "2026-11-21T17:11:00+05:30");
    }

    #[test]
    fn clones_of_a_settable_clock_move_together() {
        let clock = Clock::settable(Moment::from_seconds(100));
        clock.clone().advance(20);
        assert_eq!(clock.now(), Moment::from_seconds(120));
    }

    #[test]
    fn moments_never_overflow() {
        assert_eq!(Moment::from_seconds(i64::MAX).plus(1).ist_time(), i64::MAX.to_string());
    }
}
