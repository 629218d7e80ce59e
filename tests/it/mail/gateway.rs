//! An SMS gateway that answers as it is told and keeps what it gets.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::wait::eventually;

/// What it was sent.
#[derive(Debug, Clone)]
pub struct Posted {
    /// `POST /send HTTP/1.1`
    pub request: String,
    pub content_type: String,
    pub body: Value,
}

/// A running gateway; stops when dropped.
pub struct Gateway {
    pub url: String,
    posted: Arc<Mutex<Vec<Posted>>>,
    listening: JoinHandle<()>,
}

impl Gateway {
    /// Gives each of `answers` once, in their order, and the last one ever after.
    pub async fn answering(answers: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send?key=k1", listener.local_addr().unwrap());
        let posted: Arc<Mutex<Vec<Posted>>> = Arc::default();
        let kept = posted.clone();
        let listening = tokio::spawn(async move {
            for count in 0.. {
                let (connection, _) = listener.accept().await.unwrap();
                let answer = answers.get(count).or(answers.last()).unwrap();
                let received = receive(connection, *answer).await;
                kept.lock().unwrap().push(received);
            }
        });
        Self { url, posted, listening }
    }

    /// What was sent, once it is `count` times; never more.
    pub async fn expect(&self, count: usize) -> Vec<Posted> {
        let arrive = async || (self.posted.lock().unwrap().len() >= count).then_some(());
        eventually(&format!("{count} requests to the gateway"), arrive).await;
        let posted = self.posted.lock().unwrap().clone();
        assert_eq!(posted.len(), count, "{posted:?}");
        posted
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Reads one request, answers it and closes the connection.
async fn receive(connection: TcpStream, status: u16) -> Posted {
    let mut connection = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "cut off: {head}");
    }
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.clone().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
    connection.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    connection.get_mut().write_all(answer.as_bytes()).await.unwrap();
    Posted {
        request: head.lines().next().unwrap().to_owned(),
        content_type: header("content-type").unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap(),
    }
}
