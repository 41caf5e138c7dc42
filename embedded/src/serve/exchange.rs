//! One request and its answer.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Request, Response};

use crate::connector::Connector;
use crate::response;

/// The longest body: 16 MB of items, as in the largest batch, and what is written around them.
const LENGTH: usize = 17 * 1024 * 1024;

/// How long a body may take, and a client that reads nothing of its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer, and the connection is closed.
type Broken = Box<dyn Error + Send + Sync>;

/// Answers a request.
pub(super) async fn answer(
    connector: &Connector,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let answer = if !for_loopback(request.headers()) {
        response::misdirected()
    } else if request.body().size_hint().lower() > LENGTH as u64 {
        response::too_large()
    } else {
        let (head, body) = request.into_parts();
        let body = tokio::time::timeout(PATIENCE, Limited::new(body, LENGTH).collect()).await?;
        match body {
            Ok(body) => {
                let body = SdkBody::from(body.to_bytes());
                let request = HttpRequest::try_from(Request::from_parts(head, body))?;
                connector.call(request).await?
            }
            Err(error) if error.is::<http_body_util::LengthLimitError>() => response::too_large(),
            Err(error) => return Err(error),
        }
    };
    on_the_wire(answer)
}

/// Whether a request names this machine. A browser sends the name under which it found the page.
fn for_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(authority) = host.and_then(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The answer with the checksum that clients of the service look at.
fn on_the_wire(answer: HttpResponse) -> Result<Response<Full<Bytes>>, Broken> {
    let (mut head, body) = answer.try_into_http1x()?.into_parts();
    let bytes = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
    head.headers.insert("x-amz-crc32", HeaderValue::from(crc32fast::hash(&bytes)));
    Ok(Response::from_parts(head, Full::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_loopback_by_name_or_address() {
        for (host, expected) in [
            (Some("127.0.0.1:8000"), true),
            (Some("127.0.0.2"), true),
            (Some("[::1]:8000"), true),
            (Some("LocalHost:1"), true),
            (Some("localhost.example.org"), false),
            (Some("192.0.2.1:8000"), false),
            (Some("example.org"), false),
            (Some("a b"), false),
            (Some(""), false),
            (None, false),
        ] {
            let headers: HeaderMap = host
                .map(|host| (HOST, HeaderValue::from_str(host).expect("a header")))
                .into_iter()
                .collect();
            assert_eq!(for_loopback(&headers), expected, "{host:?}");
        }
    }
}
