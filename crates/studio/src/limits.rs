//! How much one user, or one address that is nobody's, may ask in a minute. What it holds is in memory: a restart forgets.

use std::num::NonZeroU32;

use axum::http::Method;
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
}
