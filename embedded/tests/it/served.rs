//! The store over HTTP, as the bytes on a connection.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use dynamap_embedded::{ServeError, Server, builder};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{TestResult, place, plain, put, text};

const FREE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// One connection of a client.
struct Connection {
    stream: BufReader<TcpStream>,
}

struct Reply {
    status: usize,
    head: Vec<String>,
    body: String,
}

impl Reply {
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Connection {
    async fn open(server: &Server) -> io::Result<Self> {
        Ok(Self { stream: BufReader::new(TcpStream::connect(server.address()).await?) })
    }

    async fn send(&mut self, host: &str, operation: &str, body: &str) -> io::Result<()> {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=any, SignedHeaders=host, Signature=none\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await?;
        Ok(())
    }

    async fn read(&mut self) -> io::Result<Reply> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::Error::other("the connection is closed"));
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
        let status = number(head[0].split(' ').nth(1)).unwrap_or_default();
        let mut reply = Reply { status, head, body: String::new() };
        let mut body = vec![0; number(reply.header("content-length")).unwrap_or_default()];
        self.stream.read_exact(&mut body).await?;
        reply.body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(reply)
    }

    async fn ask(&mut self, operation: &str, body: &str) -> io::Result<Reply> {
        self.send("127.0.0.1", operation, body).await?;
        self.read().await
    }
}

/// A server of a table `notes` with one item.
async fn notes() -> Result<Server, Box<dyn std::error::Error>> {
    let server = builder().serve_memory(FREE).await?;
    plain(&server.client(), "notes")?.send().await?;
    put(&server.client(), "notes", "a").await?;
    Ok(server)
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() -> TestResult {
    let server = notes().await?;
    let mut connection = Connection::open(&server).await?;
    let key = r#"{"TableName": "notes", "Key": {"id": {"S": "a"}, "at": {"S": "1"}}}"#;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let reply = connection.ask("GetItem", key).await?;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/x-amz-json-1.0"));
        let sum = crc32fast::hash(reply.body.as_bytes()).to_string();
        assert_eq!(reply.header("x-amz-crc32"), Some(sum.as_str()));
        let item: serde_json::Value = serde_json::from_str(&reply.body)?;
        assert_eq!(item["Item"]["colour"]["S"], "red");
        ids.push(reply.header("x-amzn-requestid").ok_or("no id")?.to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    Ok(())
}

#[tokio::test]
async fn what_one_side_writes_the_other_reads() -> TestResult {
    let (_directory, path) = place()?;
    let server = builder().serve_file(&path, FREE).await?;
    let client = dynamap_embedded::open(&path)?; // the same store
    plain(&client, "notes")?.send().await?;
    let item = r#"{"id": {"S": "b"}, "at": {"S": "1"}}"#;
    let body = format!(r#"{{"TableName": "notes", "Item": {item}}}"#);
    let mut connection = Connection::open(&server).await?;
    assert_eq!(connection.ask("PutItem", &body).await?.status, 200);
    let get = client.get_item().table_name("notes").key("id", text("b")).key("at", text("1"));
    assert!(get.send().await?.item().is_some());
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_worded_as_by_the_service() -> TestResult {
    let server = notes().await?;
    let mut connection = Connection::open(&server).await?;
    for (operation, body, code) in [
        ("CreateBackup", "{}", "UnknownOperationException"),
        ("GetItem", "{", "SerializationException"),
        ("GetItem", r#"{"TableName": "nothing", "Key": {}}"#, "ResourceNotFoundException"),
        ("PutItem", r#"{"TableName": "notes", "Item": {}}"#, "ValidationException"),
    ] {
        let reply = connection.ask(operation, body).await?;
        assert_eq!(reply.status, 400, "{operation}");
        let error: serde_json::Value = serde_json::from_str(&reply.body)?;
        let kind = error["__type"].as_str().unwrap_or_default();
        assert!(kind.ends_with(&format!("#{code}")), "{operation}: {kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused() -> TestResult {
    let server = notes().await?;
    let long = "x".repeat(17 * 1024 * 1024);
    let fits = Connection::open(&server).await?.ask("PutItem", &long).await?;
    assert_eq!(fits.status, 400, "it is read, and is no JSON");

    // Refused by its announced length, before it is sent.
    let mut connection = Connection::open(&server).await?;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17825793\r\n\r\n";
    connection.stream.write_all(head.as_bytes()).await?;
    assert_eq!(connection.read().await?.status, 413);

    // Refused when it turns out to be too long.
    let mut connection = Connection::open(&server).await?;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.stream.write_all(head.as_bytes()).await?;
    let chunk = format!("110000c\r\n{long}{}\r\n0\r\n\r\n", "x".repeat(12));
    // The server answers and closes before all of it is sent.
    connection.stream.write_all(chunk.as_bytes()).await.ok();
    assert_eq!(connection.read().await?.status, 413);
    Ok(())
}

#[tokio::test]
async fn a_page_that_calls_this_machine_by_a_name_of_its_own_is_refused() -> TestResult {
    let server = notes().await?;
    let mut connection = Connection::open(&server).await?;
    connection.send("attacker.example", "ListTables", "{}").await?;
    let reply = connection.read().await?;
    assert_eq!(reply.status, 403);
    assert!(!reply.body.contains("notes"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_connections_are_served_at_once() -> TestResult {
    let server = std::sync::Arc::new(notes().await?);
    let add = r#"{"TableName": "notes", "Key": {"id": {"S": "n"}, "at": {"S": "1"}},
        "UpdateExpression": "ADD seen :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}"#;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move {
                let mut done = 0;
                if let Ok(mut connection) = Connection::open(&server).await {
                    for _ in 0..25 {
                        let reply = connection.ask("UpdateItem", add).await;
                        done += u32::from(reply.is_ok_and(|reply| reply.status == 200));
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await?;
    }
    assert_eq!(done, 400);
    let get = server.client().get_item().table_name("notes").key("id", text("n"));
    let item = get.key("at", text("1")).send().await?.item.ok_or("no item")?;
    assert_eq!(item["seen"].as_n().map(String::as_str), Ok("400"));
    Ok(())
}

#[tokio::test]
async fn only_loopback_addresses_are_served() -> TestResult {
    let everywhere: [SocketAddr; 3] = [
        (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Ipv6Addr::UNSPECIFIED, 0).into(),
        (Ipv4Addr::new(192, 0, 2, 1), 0).into(),
    ];
    for wrong in everywhere {
        match builder().serve_memory(wrong).await {
            Err(ServeError::NotLoopback { address }) => assert_eq!(address, wrong),
            other => return Err(format!("{other:?}").into()),
        }
    }
    let server = builder().serve_memory(FREE).await?;
    let taken = builder().serve_memory(server.address()).await;
    assert!(matches!(taken, Err(ServeError::Bind { .. })), "{taken:?}");
    let (directory, _path) = place()?;
    let folder = builder().serve_file(directory.path(), FREE).await;
    assert!(matches!(folder, Err(ServeError::Open(_))), "{folder:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_closes_its_connections_and_frees_its_address() -> TestResult {
    let server = notes().await?;
    let (address, client) = (server.address(), server.client());
    let mut connection = Connection::open(&server).await?;
    assert_eq!(connection.ask("ListTables", "{}").await?.status, 200);
    server.stop().await;
    // Nobody has had a turn since: it has stopped, and is not about to.
    drop(std::net::TcpListener::bind(address)?);
    assert!(connection.ask("ListTables", "{}").await.is_err());
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(client.list_tables().send().await?.table_names(), ["notes"]);
    builder().serve_memory(address).await?.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_dropped_stops() -> TestResult {
    let (_directory, path) = place()?;
    let server = builder().serve_file(&path, FREE).await?;
    let mut connection = Connection::open(&server).await?;
    assert_eq!(connection.ask("ListTables", "{}").await?.status, 200);
    drop(server);
    assert!(connection.read().await.is_err(), "the connection ends by itself");
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_by_a_server_that_stops() -> TestResult {
    let server = notes().await?;
    let mut connection = Connection::open(&server).await?;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n\
                Content-Length: 2\r\n\r\n";
    connection.stream.write_all(head.as_bytes()).await?;
    // Another connection that is answered proves that the server has had its turn.
    assert_eq!(Connection::open(&server).await?.ask("ListTables", "{}").await?.status, 200);
    let rest = async {
        connection.stream.write_all(b"{}").await?;
        connection.read().await
    };
    let ((), reply) = tokio::join!(server.stop(), rest);
    assert_eq!(reply?.body, r#"{"TableNames":["notes"]}"#);
    Ok(())
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_one_is_closed() -> TestResult {
    let server = notes().await?;
    let mut connections = Vec::new();
    for _ in 0..256 {
        let mut connection = Connection::open(&server).await?;
        assert_eq!(connection.ask("ListTables", "{}").await?.status, 200);
        connections.push(connection);
    }
    let mut late = Connection::open(&server).await?;
    late.send("127.0.0.1", "ListTables", "{}").await?;
    // Others that are answered prove that the server has had its turns.
    for connection in connections.iter_mut().take(8) {
        assert_eq!(connection.ask("ListTables", "{}").await?.status, 200);
    }
    let nothing = late.stream.get_ref().try_read(&mut [0]);
    assert!(nothing.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
    connections.pop();
    assert_eq!(late.read().await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_connection_whose_client_stops_reading_is_closed() -> TestResult {
    const ASKED: usize = 100; // 39 MB of answers: more than a system keeps for one connection
    let server = notes().await?;
    let large = server.client().put_item().table_name("notes").item("id", text("large"));
    large.item("at", text("1")).item("text", text("x".repeat(390_000))).send().await?;
    let mut connection = Connection::open(&server).await?;
    tokio::time::pause();
    let key = r#"{"TableName": "notes", "Key": {"id": {"S": "large"}, "at": {"S": "1"}}}"#;
    for _ in 0..ASKED {
        connection.send("127.0.0.1", "GetItem", key).await?;
    }
    // Time goes on when nobody has anything to do: the server cannot write, the client does not read.
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let mut answers = 0;
    while connection.read().await.is_ok() {
        answers += 1;
    }
    assert!(answers < ASKED, "{answers} answers");
    Ok(())
}
