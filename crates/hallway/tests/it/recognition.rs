//! One socket for everybody: a server that was told nothing speaks what each client begins with.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

use hallway::Client;
use hallway::connection::Wire;
use hallway::transport::Address;

use crate::world::{PATIENCE, World};

#[hallway::service(name = "echo", version = "1.0")]
trait Echo {
    async fn say(&self, text: String) -> String;
}

struct Mirror;

impl Echo for Mirror {
    async fn say(&self, text: String) -> String {
        text
    }
}

fn world() -> World {
    World::serving(EchoService::new(Mirror))
}

fn socket(world: &World) -> PathBuf {
    let Address::Unix(path) = world.address() else { unreachable!("a world has a Unix socket") };
    path
}

/// Does something that waits, beside the server.
async fn beside<R: Send + 'static>(world: &World, act: impl FnOnce(PathBuf) -> R + Send + 'static) -> R {
    let socket = socket(world);
    tokio::task::spawn_blocking(move || act(socket)).await.unwrap()
}

fn connect(socket: PathBuf) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends these bytes, and receives all that comes until the server closes.
fn told(socket: PathBuf, bytes: &[u8]) -> String {
    let mut stream = connect(socket);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn every_client_of_ours_is_served_whatever_it_speaks() {
    let world = world();
    for wire in Wire::all() {
        for client in world.clients_from(|| Client::builder().wire(wire)).await {
            let echo = EchoClient::new(client);
            assert_eq!(echo.say("hello".to_owned()).await.unwrap(), "hello", "{wire}");
        }
    }
}

#[tokio::test]
async fn pieces_of_one_byte_are_put_together() {
    let world = world();
    for (request, answer) in [
        (
            "{\"id\":1,\"call\":\"echo.say\",\"params\":{\"text\":\"}{\"}}\n",
            "{\"v\":1,\"id\":1,\"result\":\"}{\"}\n",
        ),
        ("\0\0\0\x1e{\"id\":1,\"call\":\"hallway.ping\"}", "\0\0\0\x1c{\"v\":1,\"id\":1,\"result\":null}"),
        (
            "content-type: x\r\ncontent-length: 30\r\n\r\n{\"id\":1,\"call\":\"hallway.ping\"}",
            "Content-Length: 28\r\n\r\n{\"v\":1,\"id\":1,\"result\":null}",
        ),
    ] {
        beside(&world, move |socket| {
            let mut stream = connect(socket);
            for byte in request.bytes() {
                stream.write_all(&[byte]).unwrap();
            }
            let mut found = vec![0; answer.len()];
            stream.read_exact(&mut found).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), answer);
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_that_writes_no_line_feed_is_answered() {
    let world = world();
    beside(&world, |socket| {
        let mut stream = connect(socket);
        for id in 1..=3 {
            // Nothing follows: the answer has to come all the same.
            write!(stream, r#"{{"id":{id},"call":"hallway.ping"}}"#).unwrap();
            let expected = format!("{{\"v\":1,\"id\":{id},\"result\":null}}\n");
            let mut found = vec![0; expected.len()];
            stream.read_exact(&mut found).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), expected);
        }
        write!(stream, r#"{{"id":4,"call":"hallway.ping"}}{{"id":5,"call":"hallway.ping"}}"#).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "{\"v\":1,\"id\":4,\"result\":null}\n{\"v\":1,\"id\":5,\"result\":null}\n");
    })
    .await;
}

#[tokio::test]
async fn who_came_to_the_wrong_socket_is_told_so_in_one_line() {
    let world = world();
    for (bytes, words) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], "TLS is not spoken here"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH is not spoken here"),
        (b"what is this?\n", "the first bytes are of no message"),
        (b"\xff\xfe\x00", "the first bytes are of no message"),
    ] {
        let answer = beside(&world, move |socket| told(socket, bytes)).await;
        let error: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(error["error"]["code"], "bad_frame", "{answer}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words) && message.contains("socat"), "{answer}");
        assert!(answer.ends_with('\n'), "{answer}");
    }
    let client = &world.clients().await[1];
    assert_eq!(EchoClient::new(client.clone()).say("still here".to_owned()).await.unwrap(), "still here");
}

/// Runs a program that the test needs.
fn run(program: &str, command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}): install it, `apt-get install -y {program}`")
    })
}

#[tokio::test]
async fn a_line_of_shell_is_a_client() {
    let world = world();
    let script = r#"printf '{"id":1,"call":"hallway.ping"}\n' | socat - UNIX-CONNECT:"$0""#;
    let ran = beside(&world, move |socket| {
        // `sh` itself is everywhere.
        run("socat", Command::new("socat").arg("-V"));
        run("sh", Command::new("sh").arg("-c").arg(script).arg(socket))
    })
    .await;
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "{\"v\":1,\"id\":1,\"result\":null}\n", "{complaints}");
}

#[tokio::test]
async fn a_few_lines_of_python_are_a_client() {
    let world = world();
    let script = r#"
import json, socket, sys
lines = socket.socket(socket.AF_UNIX)
lines.connect(sys.argv[1])
lines = lines.makefile("rw")
print(json.dumps({"id": 1, "call": "echo.say", "params": {"text": "hello"}}), file=lines, flush=True)
print(json.loads(lines.readline())["result"])
"#;
    let ran = beside(&world, move |socket| {
        run("python3", Command::new("python3").arg("-c").arg(script).arg(socket))
    })
    .await;
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "hello\n", "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn a_browser_is_told_what_to_use() {
    let world = world();
    for arguments in [&[][..], &["--data-binary", "{\"id\":1}"], &["--head"], &["--http2-prior-knowledge"]] {
        let ran = beside(&world, move |socket| {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--include", "--max-time", "20", "--unix-socket"]).arg(socket);
            run("curl", curl.args(arguments).arg("http://localhost/"))
        })
        .await;
        let answer = String::from_utf8_lossy(&ran.stdout);
        if arguments == ["--http2-prior-knowledge"] {
            // It does not show what is no frame of its own; it has to come to an end all the same.
            assert!(!ran.status.success(), "{answer}");
            continue;
        }
        assert!(ran.status.success(), "{arguments:?}: {} {answer}", ran.status);
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains("Content-Type: text/plain; charset=utf-8\r\n"), "{answer}");
        let asked_for_a_body = arguments != ["--head"];
        assert_eq!(answer.contains("HTTP is not spoken here"), asked_for_a_body, "{answer}");
    }
}
