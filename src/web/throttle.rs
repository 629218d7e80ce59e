//! The budgets of `security.md` 3.1 and 3.2, named once. What they count is always canonical (T12), and a subject that
//! does not exist is counted like one that does, so a 429 tells nothing.

use super::address;
use super::error::PageError;
use super::page::Visit;
use crate::kernel::clock::{DAY, HOUR, MINUTE};
use crate::kernel::limits::Limits;
use crate::store::counters::{self, Budget};
use crate::store::journeys::{Journey, Kind};

/// A budget of whoever is at `address`; of an IPv6 network also one of the /48 around it with four times as much, because
/// one customer may have as many networks.
pub fn from_address(address: &str, max: i64, window: i64, key: impl Fn(&str) -> String) -> Vec<Budget> {
    let wider = address::wider(address).map(|wider| Budget::new(key(&wider), max.saturating_mul(4), window));
    [Some(Budget::new(key(address), max, window)), wider].into_iter().flatten().collect()
}

/// Whether a person had proven anything before an OTP was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Forgotten password or username, first-time password.
    Nothing,
    ContactOrPassword,
    /// Software with the key of a known integrator, for a taxpayer who has switched API access on.
    IntegratorKey,
}

/// OTPs for one subject (a GSTIN) and purpose in one portal, over all sessions: the accounts that a GSTIN has in two
/// portals may be two people's.
pub fn otp_sends(limits: &Limits, journey: &Journey) -> [Budget; 2] {
    let key = format!("otp-send/{}/{}/{}", journey.portal.as_str(), journey.kind.as_str(), counted(journey));
    [
        Budget::new(format!("{key}/hour"), limits.otp_sends_per_hour, HOUR),
        Budget::new(format!("{key}/day"), limits.otp_sends_per_day, DAY),
    ]
}

/// OTPs asked for from one address, or with one integrator key.
pub fn otp_sends_from(limits: &Limits, from: &str, proof: Proof) -> Vec<Budget> {
    match proof {
        Proof::IntegratorKey => {
            vec![Budget::new(format!("otp-from/key/{from}/hour"), limits.integrator_otps_per_hour, HOUR)]
        }
        Proof::Nothing => [
            from_address(from, limits.address_unproven_per_hour, HOUR, |from| format!("otp-from/none/{from}/hour")),
            from_address(from, limits.address_unproven_per_day, DAY, |from| format!("otp-from/none/{from}/day")),
        ]
        .concat(),
        Proof::ContactOrPassword => {
            from_address(from, limits.address_proven_per_hour, HOUR, |from| format!("otp-from/some/{from}/hour"))
        }
    }
}

/// OTPs to one email address or phone, over all GSTINs (T32).
pub fn otp_sends_to(limits: &Limits, destination: &str, proof: Proof) -> [Budget; 2] {
    let (name, hour, day) = match proof {
        Proof::Nothing => ("none", limits.destination_unproven_per_hour, limits.destination_unproven_per_day),
        Proof::ContactOrPassword | Proof::IntegratorKey => {
            ("some", limits.destination_proven_per_hour, limits.destination_proven_per_day)
        }
    };
    let key = format!("otp-to/{name}/{destination}");
    [Budget::new(format!("{key}/hour"), hour, HOUR), Budget::new(format!("{key}/day"), day, DAY)]
}

/// OTPs typed from one address.
pub fn otp_posts(limits: &Limits, address: &str) -> Vec<Budget> {
    from_address(address, limits.address_otp_posts_per_minute, MINUTE, |address| format!("otp-posts/{address}"))
}

/// OTPs typed into software with one integrator key; people at the same address are not kept waiting by it.
pub fn otp_posts_with(limits: &Limits, client_id: &str) -> Budget {
    Budget::new(format!("otp-posts/key/{client_id}"), limits.integrator_otp_posts_per_minute, MINUTE)
}

/// Wrong OTPs for one subject in one portal, over all its walks. Those of anonymous walks, which any stranger can begin,
/// do not count against somebody who is signed in (T20). The first-time password has no such budget: its 60 bits need
/// none, and a stranger could use it up.
pub fn otp_failures(limits: &Limits, journey: &Journey) -> Option<Budget> {
    if journey.kind == Kind::FirstLogin {
        return None;
    }
    let who = match journey.kind {
        Kind::SoftwareSignIn => "software",
        kind if is_anonymous(kind) => "anonymous",
        _ => "signed-in",
    };
    let key = format!("otp-failures/{}/{who}/{}", journey.portal.as_str(), counted(journey));
    Some(Budget::new(key, limits.otp_failures_per_day, DAY))
}

/// Whether any stranger can begin that walk.
pub const fn is_anonymous(kind: Kind) -> bool {
    match kind {
        Kind::Register
        | Kind::ForgotPassword
        | Kind::ForgotUsername
        | Kind::FirstLogin
        | Kind::CreateWorkspace
        | Kind::OtpFirst => true,
        Kind::CreateApiCredentials
        | Kind::ChangeApiPassword
        | Kind::SignIn
        | Kind::ChangeAuthenticator
        | Kind::SoftwareSignIn => false,
    }
}

/// Wrong OTPs of all walks that any stranger can begin: who guesses one code of many accounts (T4) makes codes longer.
/// Used up by the first one above the limit.
pub fn anonymous_otp_failures(limits: &Limits) -> Budget {
    Budget::new("otp-failures/anonymous".to_owned(), limits.otp_failures_before_more_digits + 1, HOUR)
}

/// What a walk's OTPs are counted by: its subject. Each maker of software has one walk for a GSTIN, and none of them may
/// use up what another needs (T20); whose phone rings is limited by `otp_sends_to`.
fn counted(journey: &Journey) -> &str {
    if journey.kind == Kind::SoftwareSignIn { &journey.id } else { &journey.subject }
}

/// Contact mismatches for one GSTIN.
pub fn contact_mismatches(limits: &Limits, gstin: &str) -> Budget {
    Budget::new(format!("contact-mismatch/{gstin}"), limits.contact_mismatches_per_day, DAY)
}

/// Whether this address has mistyped this GSTIN's contacts today.
pub fn contact_mismatch_from(gstin: &str, address: &str) -> Vec<Budget> {
    from_address(address, 1, DAY, |address| format!("contact-mismatch/{gstin}/{address}"))
}

/// Right contacts for a GSTIN that a stranger's mismatches have closed.
pub fn contact_matches_when_closed(limits: &Limits, gstin: &str) -> Budget {
    Budget::new(format!("contact-match/{gstin}"), limits.contact_matches_when_closed, DAY)
}

/// Different GSTINs that one address checks (DV-3).
pub fn eligibility_checks(limits: &Limits, address: &str) -> Vec<Budget> {
    [
        from_address(address, limits.eligibility_per_hour, HOUR, |address| format!("eligibility/{address}/hour")),
        from_address(address, limits.eligibility_per_day, DAY, |address| format!("eligibility/{address}/day")),
    ]
    .concat()
}

/// Eligibility forms from one address, whatever they ask.
pub fn eligibility_posts(limits: &Limits, address: &str) -> Vec<Budget> {
    let most = limits.eligibility_posts_per_minute;
    from_address(address, most, MINUTE, |address| format!("eligibility/posts/{address}"))
}

/// API passwords chosen for one GSTIN: each costs several password hashes.
pub fn credential_posts(limits: &Limits, gstin: &str) -> Budget {
    Budget::new(format!("credentials/posts/{gstin}"), limits.credential_posts_per_quarter, 15 * MINUTE)
}

/// Usernames and passwords chosen at the first login of one GSTIN: each answer tells whether a username is taken.
pub fn first_login_posts(limits: &Limits, gstin: &str) -> Budget {
    Budget::new(format!("first-login/posts/{gstin}"), limits.credential_posts_per_quarter, 15 * MINUTE)
}

/// Times that API access is switched on for one GSTIN.
pub fn api_access_switches(limits: &Limits, gstin: &str) -> Budget {
    Budget::new(format!("api-access/{gstin}"), limits.api_access_switches_per_hour, HOUR)
}

/// Invitations from one workspace, and to one email address from whichever: its mails carry names that anybody chooses.
pub fn invitations(limits: &Limits, workspace_id: &str, email: &str) -> [Budget; 2] {
    [
        Budget::new(format!("invitations/{workspace_id}"), limits.invitations_per_day, DAY),
        Budget::new(format!("invitations-to/{email}"), limits.invitations_to_address_per_day, DAY),
    ]
}

/// Remembers for a day that an address has checked a GSTIN: checking it again is free.
pub fn eligibility_seen(address: &str, gstin: &str) -> Budget {
    Budget::new(format!("eligibility/{address}/{gstin}"), 1, DAY)
}

/// Sign-ins from one address.
pub fn sign_in_posts(limits: &Limits, address: &str) -> Vec<Budget> {
    from_address(address, limits.sign_in_posts_per_minute, MINUTE, |address| format!("sign-in/posts/{address}"))
}

/// Failed sign-ins from one address. A success never clears these (T13).
pub fn sign_in_failures_from(limits: &Limits, address: &str) -> Vec<Budget> {
    let key = |window: &'static str| move |address: &str| format!("sign-in/failures/{address}/{window}");
    [
        from_address(address, limits.sign_in_failures_per_minute, MINUTE, key("minute")),
        from_address(address, limits.sign_in_failures_per_hour, HOUR, key("hour")),
    ]
    .concat()
}

/// What is counted where many usernames fail: somebody tries passwords that were stolen elsewhere.
pub struct Stuffing {
    /// Whether the username has failed from there already; counted once.
    pub seen: Budget,
    /// Different usernames that failed from there.
    pub names: Budget,
    /// The key that closes the place from which too many have.
    pub block: String,
}

/// For an address, and for the wider network around it.
pub fn stuffing(limits: &Limits, address: &str, name: &str) -> Vec<Stuffing> {
    let places = from_address(address, limits.stuffing_usernames, limits.stuffing_window, str::to_owned);
    let stuffing = |place: Budget| Stuffing {
        seen: Budget::new(format!("stuffing/{}/{name}", place.key), 1, place.window),
        block: format!("stuffing-block/{}", place.key),
        names: Budget { key: format!("stuffing/{}", place.key), ..place },
    };
    places.into_iter().map(stuffing).collect()
}

/// Reports of browsers from one address.
pub fn reports(limits: &Limits, address: &str) -> Vec<Budget> {
    from_address(address, limits.csp_reports_per_minute, MINUTE, |address| format!("csp-reports/{address}"))
}

/// Files with GSTINs that one workspace uploads: each is thousands of rows.
pub fn imports(limits: &Limits, workspace_id: &str) -> [Budget; 2] {
    let key = format!("imports/{workspace_id}");
    [
        Budget::new(format!("{key}/hour"), limits.imports_per_hour, HOUR),
        Budget::new(format!("{key}/day"), limits.imports_per_day, DAY),
    ]
}

/// Spends one of each of `budgets` for this request, or answers "Too many tries" with the time.
pub async fn spend(visit: &Visit, budgets: impl Into<Vec<Budget>>) -> Result<(), PageError> {
    let (budgets, now) = (budgets.into(), visit.now);
    let spent = visit.kit.store.write(move |c| counters::take(c, &budgets, now)).await?;
    spent.map_err(|until| PageError::TooMany { until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_networks_has_four_times_the_budget_and_ipv4_has_one() {
        let budgets = |address| from_address(address, 5, MINUTE, |place| format!("x/{place}"));
        let (narrow, wide) =
            (Budget::new("x/2001:db8:1:2::/64".into(), 5, MINUTE), Budget::new("x/2001:db8:1::/48".into(), 20, MINUTE));
        assert_eq!(budgets("2001:db8:1:2::/64"), [narrow, wide]);
        assert_eq!(budgets("203.0.113.9"), [Budget::new("x/203.0.113.9".into(), 5, MINUTE)]);
        assert_eq!(stuffing(&Limits::default(), "2001:db8:1:2::/64", "irp/x").len(), 2);
    }

    #[test]
    fn proven_and_unproven_senders_do_not_share_a_budget() {
        let limits = Limits::default();
        let [unproven, _] = otp_sends_to(&limits, "9876543210", Proof::Nothing);
        let [proven, _] = otp_sends_to(&limits, "9876543210", Proof::ContactOrPassword);
        assert_ne!(unproven.key, proven.key);
        assert!(unproven.max < proven.max);
    }
}
