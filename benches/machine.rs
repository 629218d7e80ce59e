//! How fast software is served, each figure as a ratio to its bare limit measured in the same run: sign-ins at the IRP's
//! door to Argon2 alone, and look-ups of a GSTIN to a bare actix handler that returns the same bytes. And whether envelopes
//! that do not open can be told apart by the time they take.
//!
//! `cargo bench --bench machine` prints the median of three alternating rounds. Server and clients share the machine.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark has a stopwatch, prints what it found, and stops at what it did not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanad::accounts::hashing::Hasher;
use sanad::app::Application;
use sanad::kernel::clock::Clock;
use sanad::kernel::ids;
use sanad::kernel::password::{self, Cost, Password};
use sanad::kernel::portal::Portal;
use sanad::settings::Settings;
use sanad::store::accounts::{self, Account};
use sanad::store::credentials::{self, Credential};
use sanad::web::Kit;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const GSTIN: &str = "29ABCDE1234F1ZW";
/// As many API usernames as connections: sign-ins with one of them take turns.
const USERNAMES: usize = 8;
const PASSWORD: &str = "Slow-Ferry_Rides 29";
const APP_KEY: [u8; 32] = [7; 32];
const ROUND: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// What a production server hashes with.
const COST: &str = "m=19456,t=2,p=1";

fn main() {
    println!("{} cores; median of {ROUNDS} alternating rounds of {} s", cores(), ROUND.as_secs());
    sign_ins(1);
    sign_ins(cores());
    look_ups();
    bad_envelopes();
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Sign-ins with so many hashes at once (the server's default is one, which leaves the rest to people), against as many
/// threads that do nothing but hash.
fn sign_ins(at_once: usize) {
    let server = Server::start(&format!("machine_hash_at_once = {at_once}"));
    let requests: Vec<_> = (0..USERNAMES).map(|at| server.sign_in_request(&username(at))).collect();
    let expect = |answer: &[u8]| assert!(has(answer, b"\"Status\":1"), "{}", String::from_utf8_lossy(answer));
    let (ours, limit) = alternate(|| load(server.address, &requests, USERNAMES, expect), || hash_on(at_once));
    report(&format!("sign-ins, {at_once} hash(es) at once"), ours, "Argon2 alone", limit);
}

fn look_ups() {
    let server = Server::start("integrator_calls_per_second = 1000000");
    let requests = [server.look_up_request()];
    let sample = body_of(&exchange(&mut TcpStream::connect(server.address).unwrap(), &requests[0]));
    assert!(has(&sample, b"\"Status\":1"), "{}", String::from_utf8_lossy(&sample));
    let bare = start_bare(sample.clone());
    let length = sample.len();
    let expect = move |answer: &[u8]| assert_eq!(body_of(answer).len(), length);
    let (ours, limit) = alternate(|| load(server.address, &requests, 32, expect), || load(bare, &requests, 32, expect));
    report("Master/gstin", ours, "bare handler", limit);
}

/// How long envelopes take that do not open, each kind against padding that is wrong: who could tell them apart by the
/// time could decrypt what others have sent.
fn bad_envelopes() {
    let server = Server::start("envelope_failures_per_minute = 1000000\nintegrator_calls_per_second = 1000000");
    let key = server.public_key();
    let kinds = [
        ("wrong padding", vec![1; 512]),
        ("no base64 inside", seal(&key, b"!")),
        ("no JSON inside", seal(&key, STANDARD.encode("no JSON").as_bytes())),
        ("a field missing inside", seal(&key, STANDARD.encode("{}").as_bytes())),
        ("no ciphertext", vec![1; 100]),
    ];
    let requests: Vec<_> = kinds.iter().map(|(_, sealed)| server.auth_request(sealed)).collect();
    let mut connection = TcpStream::connect(server.address).unwrap();
    let mut times = vec![Vec::new(); kinds.len()];
    for _ in 0..500 {
        for (request, times) in requests.iter().zip(&mut times) {
            let began = Instant::now();
            exchange(&mut connection, request);
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    for ((kind, _), time) in kinds.iter().zip(&medians) {
        println!("bad envelope, {kind}: {time:.0} us, ratio {:.2}", time / medians[0]);
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The medians of both, measured in turn.
fn alternate(ours: impl Fn() -> f64, limit: impl Fn() -> f64) -> (f64, f64) {
    let (of_ours, of_limit): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| (ours(), limit())).unzip();
    (median(of_ours), median(of_limit))
}

fn report(what: &str, ours: f64, against: &str, limit: f64) {
    println!("{what}: {ours:.0}/s, {against}: {limit:.0}/s, ratio {:.2}", ours / limit);
}

// ------------------------------------------------------------------------------------------------------ the server

struct Server {
    address: SocketAddr,
    _data: tempfile::TempDir,
}

impl Server {
    /// A portal in demo mode, with ACME registered; it ends with the process.
    fn start(limits: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().display().to_string();
        let own = [("LISTEN", "127.0.0.1:0"), ("DATA_DIR", &folder), ("ARGON2", COST)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::from_sources(&format!("[limits]\n{limits}"), own).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            runtime().block_on(async {
                let application = Application::build(settings, Clock::system()).await.unwrap();
                register(application.kit()).await;
                tell.send(application.address()).unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        Self { address: told.recv().unwrap(), _data: data }
    }

    fn sign_in_request(&self, username: &str) -> Vec<u8> {
        let json = serde_json::json!({
            "UserName": username,
            "Password": PASSWORD,
            "AppKey": STANDARD.encode(APP_KEY),
            "ForceRefreshAccessToken": false,
        });
        self.auth_request(&seal(&self.public_key(), STANDARD.encode(json.to_string()).as_bytes()))
    }

    fn public_key(&self) -> Pkcs1PublicEncryptingKey {
        let key = body_of(&self.get("/eivital/public-key.pem"));
        let key = PublicEncryptingKey::from_der(pem::parse(key).unwrap().contents()).unwrap();
        Pkcs1PublicEncryptingKey::new(key).unwrap()
    }

    fn auth_request(&self, sealed: &[u8]) -> Vec<u8> {
        let body = serde_json::json!({ "Data": STANDARD.encode(sealed) }).to_string();
        let length = format!("content-length: {}\r\n", body.len());
        [self.head("POST", "/eivital/v1.04/auth", &length).into_bytes(), body.into_bytes()].concat()
    }

    fn look_up_request(&self) -> Vec<u8> {
        let answer = exchange(&mut TcpStream::connect(self.address).unwrap(), &self.sign_in_request(&username(0)));
        let answer: serde_json::Value = serde_json::from_slice(&body_of(&answer)).unwrap();
        let token = answer["Data"]["AuthToken"].as_str().unwrap();
        let mut sek = STANDARD.decode(answer["Data"]["Sek"].as_str().unwrap()).unwrap();
        let app_key = UnboundCipherKey::new(&AES_256, &APP_KEY).unwrap();
        let app_key = PaddedBlockDecryptingKey::ecb_pkcs7(app_key).unwrap();
        assert_eq!(app_key.decrypt(&mut sek, DecryptionContext::None).unwrap().len(), 32);
        let own = format!("user_name: {}\r\nAuthToken: {token}\r\n", username(0));
        self.head("GET", &format!("/eivital/v1.04/Master/gstin/{GSTIN}"), &own).into_bytes()
    }

    fn get(&self, path: &str) -> Vec<u8> {
        exchange(&mut TcpStream::connect(self.address).unwrap(), self.head("GET", path, "").as_bytes())
    }

    fn head(&self, method: &str, path: &str, more: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nclient_id: demo\r\nclient_secret: demo-secret\r\nGstin: {GSTIN}\r\n\
             {more}\r\n",
            self.address
        )
    }
}

fn seal(key: &Pkcs1PublicEncryptingKey, plain: &[u8]) -> Vec<u8> {
    let mut sealed = vec![0; 512];
    key.encrypt(plain, &mut sealed).unwrap();
    sealed
}

fn username(at: usize) -> String {
    format!("acme_irp_{at:02}")
}

/// An account and API credentials for ACME, as the pages make them, but several.
async fn register(kit: &Kit) {
    let hasher = Hasher::new(kit.keys.clone(), Cost::parse(COST).unwrap(), &kit.settings.limits).unwrap();
    let hash = hasher.hash(Password::typed(PASSWORD).unwrap()).await.unwrap();
    let now = kit.clock.now().seconds();
    let account = Account {
        id: ids::random(),
        portal: Portal::Irp.as_str().to_owned(),
        username: GSTIN.to_owned(),
        gstin: Some(GSTIN.to_owned()),
        password_hash: hash.clone(),
        created_at: now,
        password_changed_at: now,
        last_sign_in_at: None,
        last_sign_in_address: None,
        frozen_at: None,
        name: None,
    };
    let credential = move |at| Credential {
        id: ids::random(),
        gstin: GSTIN.to_owned(),
        api_username: username(at),
        canonical_username: username(at),
        password_hash: hash.clone(),
        status: credentials::ACTIVE.to_owned(),
        created_at: now,
        changed_at: now,
        last_used_at: None,
        last_used_address: None,
    };
    let made = kit.store.write(move |c| {
        accounts::insert(c, &account)?;
        (0..USERNAMES).try_for_each(|at| credentials::insert(c, &credential(at)).map(drop))
    });
    made.await.unwrap();
}

/// A handler that returns those bytes, on as many threads as the portal has.
fn start_bare(body: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = web::Bytes::from(body);
    thread::spawn(move || {
        runtime().block_on(async {
            let answer = move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(body) }
            };
            let app = move || App::new().default_service(web::to(answer.clone()));
            HttpServer::new(app).listen(listener).unwrap().run().await.unwrap();
        });
    });
    address
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

// --------------------------------------------------------------------------------------------------------- the load

/// Hashes a second of so many threads that do nothing else.
fn hash_on(threads: usize) -> f64 {
    let cost = Arc::new(Cost::parse(COST).unwrap());
    in_threads(threads, move |_| {
        let cost = cost.clone();
        let phc = password::hash(&cost, b"pepper", PASSWORD.as_bytes()).unwrap();
        move || assert!(password::verify(b"pepper", PASSWORD.as_bytes(), &phc).unwrap())
    })
}

/// Exchanges a second over so many connections that are kept; each sends one of the requests again and again.
fn load(
    address: SocketAddr,
    requests: &[Vec<u8>],
    connections: usize,
    expect: impl Fn(&[u8]) + Copy + Send + 'static,
) -> f64 {
    let requests: Arc<[Vec<u8>]> = requests.into();
    in_threads(connections, move |at| {
        let (request, mut connection) = (requests[at % requests.len()].clone(), TcpStream::connect(address).unwrap());
        connection.set_nodelay(true).unwrap();
        move || expect(&exchange(&mut connection, &request))
    })
}

/// How often a second so many threads do it, for one round.
fn in_threads<F: FnMut()>(threads: usize, prepare: impl Fn(usize) -> F + Clone + Send + 'static) -> f64 {
    let began = Instant::now();
    let running: Vec<_> = (0..threads)
        .map(|at| {
            let prepare = prepare.clone();
            thread::spawn(move || {
                let mut work = prepare(at);
                let mut done = 0_u32;
                while began.elapsed() < ROUND {
                    work();
                    done += 1;
                }
                done
            })
        })
        .collect();
    let done: u32 = running.into_iter().map(|thread| thread.join().unwrap()).sum();
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// One request and its whole answer.
fn exchange(connection: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    connection.write_all(request).unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 8192]);
    loop {
        let read = connection.read(&mut chunk).unwrap();
        assert!(read > 0, "the server hung up");
        answer.extend_from_slice(&chunk[..read]);
        if let Some(whole) = length_of(&answer)
            && answer.len() >= whole
        {
            return answer;
        }
    }
}

/// The length of the whole answer, once its head has come.
fn length_of(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).unwrap().to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    Some(head + length.trim().parse::<usize>().unwrap())
}

fn body_of(answer: &[u8]) -> Vec<u8> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    answer[head..].to_vec()
}

fn has(answer: &[u8], part: &[u8]) -> bool {
    answer.windows(part.len()).any(|window| window == part)
}
