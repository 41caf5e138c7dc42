//! The embedded store over HTTP on this machine.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;

use dynamap_embedded::{ServeError, Server, builder};

use super::store::Store;
use crate::exit::Exit;
use crate::notes::Notes;
use crate::report::{Failure, Report};

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Keeps the store in this file, as `--store file:PATH` does [default: in memory]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// A loopback address; port 0 is one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    address: SocketAddr,
}

impl Serve {
    /// Serves until Ctrl-C. The first line on standard output says where, so that a program can wait for it.
    pub(super) async fn run(
        &self,
        store: &Store,
        json: bool,
        out: &mut dyn Write,
        err: &mut (dyn Write + Send),
    ) -> Exit {
        let server = match self.begin(self.file.as_deref().or(store.file())).await {
            Ok(server) => server,
            Err(error) => {
                let report = Report::of("serve".to_owned(), Err(Failure::new(Exit::Error, &error)));
                return report.write(json, out, &Notes::new(err, false));
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

    /// What of a command line contradicts the rest.
    pub(super) fn wrong(&self, store: &Store) -> Option<&'static str> {
        let twice = self.file.is_some() && store.is_said();
        store.wrong(true).or(twice.then_some("--store names the store, and --file another one"))
    }

    async fn begin(&self, file: Option<&Path>) -> Result<Server, ServeError> {
        match file {
            Some(file) => builder().serve_file(file, self.address).await,
            None => builder().serve_memory(self.address).await,
        }
    }
}
