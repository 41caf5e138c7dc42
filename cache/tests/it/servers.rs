//! Cache servers that a test starts on a free port, and ends.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that is ended with its handle.
pub(crate) struct Server {
    pub(crate) port: u16,
    program: &'static str,
    child: Child,
}

impl Server {
    pub(crate) fn memcached() -> Self {
        Self::start("memcached", free_port())
    }

    pub(crate) fn redis() -> Self {
        Self::start("redis-server", free_port())
    }

    /// Ends the server as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the server is ours");
        self.child.wait().expect("the server is ours");
    }

    /// Starts it again on the same port, empty.
    pub(crate) fn restart(&mut self) {
        self.kill();
        *self = Self::start(self.program, self.port);
    }

    fn start(program: &'static str, port: u16) -> Self {
        let number = port.to_string();
        let arguments: &[&str] = match program {
            "memcached" => &["-l", "127.0.0.1", "-U", "0", "-u", "nobody", "-p", &number],
            _ => &["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &number],
        };
        let child = Command::new(program).args(arguments).stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "these tests need {program} in PATH (Debian: apt-get install {program}): {error}"
            )
        });
        let mut server = Self { port, program, child };
        server.wait();
        server
    }

    /// Until it listens.
    fn wait(&mut self) {
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            let ended = self.child.try_wait().expect("the server is ours");
            assert!(ended.is_none(), "{} ended: {ended:?}", self.program);
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not listen", self.program);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
