//! How much one user, or one address that is nobody's, may ask in a minute. What it holds is in memory: a restart forgets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, Method};
use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The settings under `[limits]`, in requests a minute; 0 is no limit. Where users log in there are some by default, where
/// one person is alone there are none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub reads: Option<u32>,
    pub writes: Option<u32>,
}

/// Room for a grid of thumbnails scrolled fast, and for clients that poll every second.
const READS: u32 = 3000;
const WRITES: u32 = 120;
/// Buckets that are kept before those that are full again are let go.
const MOST_BUCKETS: usize = 10_000;

/// All buckets. A minute's worth may come at once, then it trickles.
pub struct Limits {
    reads: Option<DefaultKeyedRateLimiter<String>>,
    writes: Option<DefaultKeyedRateLimiter<String>>,
}

impl Limits {
    pub fn new(settings: &Settings, many_users: bool) -> Self {
        let limiter = |chosen: Option<u32>, usual| {
            let count = NonZeroU32::new(chosen.unwrap_or(if many_users { usual } else { 0 }))?;
            Some(DefaultKeyedRateLimiter::keyed(Quota::per_minute(count)))
        };
        Self {
            reads: limiter(settings.reads, READS),
            writes: limiter(settings.writes, WRITES),
        }
    }

    /// Counts a request of `who`; an error says when to come again.
    pub fn check(&self, who: &str, method: &Method) -> Result<()> {
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let limiter = if reads { &self.reads } else { &self.writes };
        let Some(limiter) = limiter else {
            return Ok(());
        };
        if limiter.len() > MOST_BUCKETS {
            limiter.retain_recent();
        }
        limiter.check_key(&who.to_owned()).map_err(|until| {
            metrics::counter!("kinora_rate_limited_total").increment(1);
            let wait = until.wait_time_from(limiter.clock().now());
            Error::TooMany {
                seconds: wait.as_secs() + 1,
            }
        })
    }
}

/// What stands for where a request comes from, see [`network`]: of a proxy on this machine, the address that it names.
pub fn address(headers: &HeaderMap, extensions: &Extensions) -> String {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let Some(ConnectInfo(peer)) = peer else {
        return "unknown".into();
    };
    let named = || {
        let mut all = headers.get_all("x-forwarded-for").into_iter();
        // What stands before the last may be the client's own invention.
        let last = all.next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse::<IpAddr>().ok()
    };
    match peer.ip().is_loopback() {
        true => network(named().unwrap_or(peer.ip())),
        false => network(peer.ip()),
    }
}

/// An address as it is counted: one connection has a whole /64 of IPv6 to choose from.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_are_counted_apart_and_by_name() {
        let settings = Settings {
            reads: Some(2),
            writes: Some(1),
        };
        let limits = Limits::new(&settings, false);
        let asks = |who: &str, method: Method| limits.check(who, &method).is_ok();
        assert!(asks("a", Method::GET) && asks("a", Method::GET) && !asks("a", Method::GET));
        assert!(asks("a", Method::POST) && !asks("a", Method::DELETE));
        assert!(asks("b", Method::GET));
        let Err(Error::TooMany { seconds }) = limits.check("a", &Method::PUT) else {
            panic!("refused")
        };
        assert!((1..=60).contains(&seconds), "{seconds}");
    }

    #[test]
    fn one_person_alone_is_not_limited_unless_wished() {
        let none = Limits::new(&Settings::default(), false);
        assert!((0..10_000).all(|_| none.check("a", &Method::POST).is_ok()));
        let some = Limits::new(&Settings::default(), true);
        let passed = (0..1000).filter(|_| some.check("a", &Method::POST).is_ok());
        assert!((WRITES as usize..WRITES as usize + 10).contains(&passed.count()));
    }

    #[test]
    fn a_proxy_of_this_machine_is_believed_and_no_other() {
        let from = |peer: &str, named: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", named.parse().unwrap());
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            address(&headers, &extensions)
        };
        assert_eq!(from("127.0.0.1:9", "6.6.6.6, 9.9.9.9"), "9.9.9.9");
        assert_eq!(from("8.8.8.8:9", "9.9.9.9"), "8.8.8.8");
        assert_eq!(from("127.0.0.1:9", "nonsense"), "127.0.0.1");
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let network = |ip: &str| network(ip.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:2:9:9:9:9"));
        assert_ne!(network("2001:db8:1:2::3"), network("2001:db8:1:3::3"));
        assert_eq!(network("::ffff:9.9.9.9"), "9.9.9.9");
    }
}
