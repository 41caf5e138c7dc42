//! The embedded store over HTTP on this machine.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;

use dynamap_embedded::{ServeError, Server, builder};

use crate::exit::Exit;
use crate::report::chain;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Keeps the store in this file [default: in memory]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// A loopback address; port 0 is one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    address: SocketAddr,
}

impl Serve {
    /// Serves until Ctrl-C. The first line on standard output says where, so that a program can wait for it.
    pub(super) async fn run(&self, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
        let server = match self.begin().await {
            Ok(server) => server,
            Err(error) => {
                drop(writeln!(err, "{}", chain(&error)));
                return Exit::Error;
            }
        };
        let mut stopped = pin!(tokio::signal::ctrl_c());
        tokio::select! {
            // First, so that the signal is caught before anybody hears of the server.
            biased;
            _ = &mut stopped => return Exit::Done,
            () = std::future::ready(()) => {}
        }
        let endpoint = format!("http://{}", server.address());
        let told = if json {
            writeln!(out, "{}", serde_json::json!({ "command": "serve", "endpoint": endpoint }))
        } else {
            writeln!(out, "{endpoint}")
        };
        if let Err(error) = told.and_then(|()| out.flush()) {
            drop(writeln!(err, "the address could not be written: {error}"));
            return Exit::Error;
        }
        let exit = if stopped.await.is_ok() { Exit::Done } else { Exit::Error };
        server.stop().await;
        exit
    }

    async fn begin(&self) -> Result<Server, ServeError> {
        match &self.file {
            Some(file) => builder().serve_file(file, self.address).await,
            None => builder().serve_memory(self.address).await,
        }
    }
}
