//! Where a request comes from, and how. A proxy on this machine is believed what it says of that, and nobody else.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

/// What stands for the address that a request comes from, see [`network`].
pub fn address(headers: &HeaderMap, extensions: &Extensions) -> String {
    let Some(peer) = peer(extensions) else {
        return "unknown".into();
    };
    let named = said(headers, peer, "x-forwarded-for").and_then(|ip| ip.parse().ok());
    network(named.unwrap_or(peer))
}

/// Whether the request came over TLS: to a proxy, since the studio itself speaks none.
pub fn is_over_tls(headers: &HeaderMap, extensions: &Extensions) -> bool {
    peer(extensions)
        .and_then(|peer| said(headers, peer, "x-forwarded-proto"))
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// [`is_over_tls`], for handlers.
pub struct OverTls(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for OverTls {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(is_over_tls(&parts.headers, &parts.extensions)))
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let info = extensions.get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(peer)| peer.ip())
}

/// What a proxy on this machine says in a header.
fn said<'a>(headers: &'a HeaderMap, peer: IpAddr, name: &str) -> Option<&'a str> {
    if !peer.is_loopback() {
        return None;
    }
    // What stands before the last may be the client's own invention.
    let last = headers.get_all(name).into_iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?;
    Some(last.trim())
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

    fn request(peer: &str, name: &'static str, value: &str) -> (HeaderMap, Extensions) {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        (headers, extensions)
    }

    #[test]
    fn a_proxy_of_this_machine_is_believed_and_no_other() {
        let from = |peer, named| {
            let (headers, extensions) = request(peer, "x-forwarded-for", named);
            address(&headers, &extensions)
        };
        assert_eq!(from("127.0.0.1:9", "6.6.6.6, 9.9.9.9"), "9.9.9.9");
        assert_eq!(from("8.8.8.8:9", "9.9.9.9"), "8.8.8.8");
        assert_eq!(from("127.0.0.1:9", "nonsense"), "127.0.0.1");
        let tls = |peer, scheme| {
            let (headers, extensions) = request(peer, "x-forwarded-proto", scheme);
            is_over_tls(&headers, &extensions)
        };
        assert!(tls("127.0.0.1:9", "https") && tls("[::1]:9", "http, HTTPS"));
        assert!(!tls("127.0.0.1:9", "http") && !tls("127.0.0.1:9", "https, http"));
        assert!(!tls("8.8.8.8:9", "https"), "not from elsewhere");
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let network = |ip: &str| network(ip.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:2:9:9:9:9"));
        assert_ne!(network("2001:db8:1:2::3"), network("2001:db8:1:3::3"));
        assert_eq!(network("::ffff:9.9.9.9"), "9.9.9.9");
    }
}
