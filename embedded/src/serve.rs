//! The store on a loopback address, for clients in other languages.
//!
//! * `connection`: one connection; `exchange`: one request and its answer, by the same `connector` as in the process.
//! * `error`: [`ServeError`].

mod connection;
mod error;
mod exchange;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::client;
use crate::connector::Connector;
use crate::store::Store;

pub use error::ServeError;

/// How long requests that are under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How many connections there are at once. More of them wait until one is closed.
const CONNECTIONS: usize = 256;

/// The pause after a connection that could not be accepted: there are too many open files, say.
const PAUSE: Duration = Duration::from_millis(100);

/// A store that other programs use over HTTP, with the clients that AWS has for their languages: made by
/// [`Builder::serve_memory`](crate::Builder::serve_memory) and [`Builder::serve_file`](crate::Builder::serve_file).
///
/// It speaks the protocol of the
/// [service](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html), on a loopback
/// address and without encryption. Give a client its address as the endpoint, any Region, and any credentials, for example
/// in Python:
///
/// ```python
/// boto3.client("dynamodb", endpoint_url="http://127.0.0.1:8000", region_name="us-east-1",
///              aws_access_key_id="any", aws_secret_access_key="any")
/// ```
///
/// **Signatures are not checked**: whoever can connect to the address can do everything. Requests whose header `Host` names
/// no loopback address are refused, so that no web page reaches the store by a name of its own. A request is at most 17 MiB
/// long. It has 256 connections at once, and more of them wait; one whose client reads nothing of an answer for 30 seconds is
/// closed.
///
/// The server runs on the runtime in which it was made, and ends with it. Time that is paused there runs out while a client
/// thinks: its connection is closed.
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = dynamap_embedded::builder().serve_memory((Ipv4Addr::LOCALHOST, 0)).await?;
///
/// let mut stream = tokio::net::TcpStream::connect(server.address()).await?;
/// let request = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
///     x-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\n\r\n{}";
/// stream.write_all(request.as_bytes()).await?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer).await?;
/// assert!(answer.ends_with(r#"{"TableNames":[]}"#));
///
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    store: Arc<Store>,
    /// Dropped when the server is to stop.
    running: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves `store` from now on.
    pub(crate) fn of(store: Arc<Store>, (listener, address): (TcpListener, SocketAddr)) -> Self {
        let (running, stopped) = oneshot::channel();
        let connector = Connector::new(Arc::clone(&store));
        let task = tokio::spawn(accept(listener, connector, stopped));
        Self { address, store, running, task }
    }

    /// Where it listens.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = dynamap_embedded::builder().serve_memory((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    /// let endpoint = format!("http://{}", server.address());
    /// assert!(endpoint.starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of the same store within this process. It goes on when the server has stopped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = dynamap_embedded::builder().serve_memory((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    /// let client = server.client();
    /// server.stop().await;
    /// assert!(client.list_tables().send().await?.table_names().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client(&self) -> Client {
        client::over(Arc::clone(&self.store))
    }

    /// Stops: no connection is accepted any more, requests that are under way have five seconds, and then all connections
    /// are closed. What a client was not answered may have been done, as with the service.
    ///
    /// The same happens in the background when the server is dropped, or this future is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = dynamap_embedded::builder().serve_memory((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    /// let address = server.address();
    /// server.stop().await;
    /// assert!(tokio::net::TcpStream::connect(address).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop(self) {
        let Self { running, task, .. } = self;
        drop(running);
        // A task that was ended with its runtime has stopped as well.
        task.await.ok();
    }
}

/// A listener on `address`, which is one of loopback, and where it listens.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { address });
    }
    let bind = |source| ServeError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    Ok((listener, address))
}

/// Accepts connections until `stopped`, and then waits for those that are busy.
async fn accept(listener: TcpListener, connector: Connector, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            _ = &mut stopped => break,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let connector = connector.clone();
                let served = connection::run(stream, connector, graceful.watcher());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    drop(listener);
    tokio::time::timeout(GRACE, graceful.shutdown()).await.ok();
    connections.shutdown().await;
}
