//! One connection: requests one after the other, for as long as the client keeps it.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

use super::exchange::{self, PATIENCE};
use crate::connector::Connector;

/// How long the head of a request may take, from the end of the one before.
const IDLE: Duration = Duration::from_mins(5);

/// Answers the requests of a connection. One that breaks concerns nobody else, and so does one whose client stops reading: it
/// is closed.
pub(super) async fn run(stream: TcpStream, connector: Connector, watcher: Watcher) {
    // Answers are written at once; there is nothing to wait for.
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(PATIENCE));
    let service = service_fn(|request| exchange::answer(&connector, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    watcher.watch(connection).await.ok();
}
