//! Who is asking: the peer's address, or behind trusted proxies the first address from the right that is not theirs.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;

/// The client's address, unmapped; the unspecified address when there is no peer (a test without a socket).
pub fn of_request(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer: SocketAddr| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    from_right(peer.to_canonical(), &forwarded.collect::<Vec<_>>().join(","), trusted)
}

fn from_right(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let mut client = peer;
    for hop in forwarded.rsplit(',') {
        // Garbage ends the walk: what stands further left was written by somebody we cannot name.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { return client };
        client = address.to_canonical();
        if !is_trusted(&client) {
            return client;
        }
    }
    client
}

/// What throttles count by: an IPv4 address, or the /64 network of an IPv6 one, which is what one customer gets.
pub fn throttle_key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The /48 network around a /64 one, as `throttle_key` spells it: what a provider may give to one customer. `None` for
/// IPv4.
pub fn wider(key: &str) -> Option<String> {
    let network: Ipv6Addr = key.strip_suffix("/64")?.parse().ok()?;
    let [a, b, c, ..] = network.segments();
    Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
}

/// The browser's own name for itself, cut to what a person may want to see: at most 200 printable characters.
pub fn device(request: &HttpRequest) -> String {
    let name = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    name.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &str) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        from_right(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address_for_himself() {
        assert_eq!(client("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "198.51.100.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    }

    #[test]
    fn garbage_falls_back_to_the_last_proxy_known() {
        assert_eq!(client("10.0.0.1", "unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "bad, 10.0.0.2"), "10.0.0.2");
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_the_walk_panic_or_a_stranger_trusted(forwarded in "[0-9a-f:., x]{0,100}") {
            proptest::prop_assert_eq!(client("203.0.113.9", &forwarded), "203.0.113.9");
            client("10.0.0.1", &forwarded);
        }

        #[test]
        fn a_browser_calls_itself_something_short_and_printable(name in proptest::collection::vec(0x20_u8.., 0..400)) {
            let Ok(value) = header::HeaderValue::from_bytes(&name) else { return Ok(()) };
            let request = actix_web::test::TestRequest::default().insert_header((header::USER_AGENT, value));
            let device = device(&request.to_http_request());
            let printable = device.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
            proptest::prop_assert!(printable && device.chars().count() <= 200, "{device}");
        }
    }

    #[test]
    fn ipv6_counts_by_its_network() {
        assert_eq!(throttle_key("2001:db8:1:2:3:4:5:6".parse().unwrap()), "2001:db8:1:2::/64");
        assert_eq!(throttle_key("203.0.113.9".parse().unwrap()), "203.0.113.9");
        assert_eq!(wider("2001:db8:1:2::/64").unwrap(), "2001:db8:1::/48");
        assert_eq!(wider("203.0.113.9"), None);
    }
}
