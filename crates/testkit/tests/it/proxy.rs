//! The proxy makes the trouble that it is told to, and no other.

use std::io::ErrorKind;
use std::time::Duration;

use contract::CancellationToken;
use testkit::proxy::{FaultProxy, Passed, Toxic, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SIZE: usize = 40_000;

/// What each of `clients` got of a server that answers any word with so many bytes, and why it ended.
async fn answers(toxic: Toxic, clients: usize) -> (Vec<(usize, Option<ErrorKind>)>, Passed) {
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().expect("an address").to_string();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let Ok((mut client, _)) = server.accept().await else {
                return;
            };
            let mut word = [0; 8];
            if client.read_exact(&mut word).await.is_ok() {
                // A client that is gone needs no answer.
                let _ = client.write_all(&vec![7; SIZE]).await;
            }
        }
    });
    let proxy = FaultProxy::bind(&address, toxic).await.expect("a port");
    let through = proxy.address().expect("an address");
    let stop = CancellationToken::new();
    let asking = async {
        let mut answers = Vec::new();
        for _ in 0..clients {
            let mut stream = TcpStream::connect(through).await.expect("connects");
            stream.write_all(b"question").await.expect("is written");
            let mut got = Vec::new();
            let read = stream.read_to_end(&mut got);
            let ended = tokio::time::timeout(Duration::from_millis(500), read).await;
            let ended = match ended {
                Ok(read) => read.err().map(|error| error.kind()),
                Err(_) => Some(ErrorKind::TimedOut),
            };
            answers.push((got.len(), ended));
        }
        stop.cancel();
        answers
    };
    let (passed, answers) = tokio::join!(proxy.serve(stop.clone()), asking);
    tasks.shutdown().await;
    (answers, passed)
}

fn toxic(trouble: Trouble, after: u64) -> Toxic {
    Toxic {
        trouble,
        after,
        upwards: false,
        each: false,
    }
}

#[tokio::test]
async fn nothing_goes_wrong_unasked() {
    let (answers, passed) = answers(toxic(Trouble::None, 0), 2).await;
    assert_eq!(answers, [(SIZE, None), (SIZE, None)]);
    let size = 2 * u64::try_from(SIZE).unwrap();
    let expected = Passed {
        connections: 2,
        up: 16,
        down: size,
        troubles: 0,
    };
    assert_eq!(passed, expected);
}

#[tokio::test]
async fn a_reset_is_one_and_the_next_connection_is_whole() {
    let (answers, passed) = answers(toxic(Trouble::Reset, 1_000), 2).await;
    assert_eq!(answers[0].1, Some(ErrorKind::ConnectionReset));
    assert!(answers[0].0 <= 1_000, "{answers:?}");
    assert_eq!(answers[1], (SIZE, None));
    assert_eq!(passed.troubles, 1);
}

#[tokio::test]
async fn an_early_end_looks_like_an_end() {
    let each = Toxic {
        each: true,
        ..toxic(Trouble::HalfClose, 1_000)
    };
    let (answers, passed) = answers(each, 3).await;
    assert_eq!(answers, [(1_000, None); 3]);
    assert_eq!(passed.troubles, 3);
}

#[tokio::test]
async fn a_stall_says_nothing() {
    let (answers, _) = answers(toxic(Trouble::Stall, 1_000), 2).await;
    assert_eq!(answers[0], (1_000, Some(ErrorKind::TimedOut)));
    assert_eq!(answers[1], (SIZE, None));
    let upwards = Toxic {
        upwards: true,
        ..toxic(Trouble::Stall, 4)
    };
    let (answers, _) = self::answers(upwards, 1).await;
    assert_eq!(answers, [(0, Some(ErrorKind::TimedOut))]);
}

#[tokio::test]
async fn single_bytes_are_all_there() {
    let (answers, passed) = answers(toxic(Trouble::Dribble, 500), 1).await;
    assert_eq!(answers, [(SIZE, None)]);
    assert_eq!(passed.troubles, 1);
}
