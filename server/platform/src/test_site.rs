//! A site for tests: the whole router in process, on a database of its own, with a clock that is moved, and browsers that
//! keep cookies.

mod nodes;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use database::{Connection, Sql};
use http_body_util::BodyExt as _;
use pacs::access::{Authorize, TokenFile};
use pacs::delivery::{Begin, Queue};
use pacs::dicomweb::upload::{self, Uploads};
use pacs::http::{App, Peer};
use pacs::index::{Index, Place};
use pacs::ingest::{Ingest, Limits};
use pacs::services::Archive;
use pacs::services::applications::Applications;
use pacs::storage::Storage;
use tower::ServiceExt as _;

use crate::clock::{Clock, SECOND_NS};
use crate::guard::Guard;
use crate::organisations::{membership, role_store, store as organisations};
use crate::people::store::{self as people, NewAccount};
use crate::permissions::{Kind, Permission};
use crate::settings::Settings;
use crate::sign_in::captcha;
use crate::{Platform, router, secrets, test_postgres, web};

/// A password that fulfils the rules.
pub(crate) const PASSWORD: &str = "Nuclear_1";
/// When the clock stands at first: a Monday, 10:00 in China.
pub(crate) const MONDAY_NS: i64 = 1_796_004_000 * SECOND_NS;
/// The password, hashed once for all tests.
static KEPT: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();

pub(crate) struct Site {
    pub(crate) platform: Platform,
    router: Router,
    archive: Router,
    app: App,
    folder: PathBuf,
    now: Arc<AtomicI64>,
    mobiles: AtomicU32,
    place: Place,
}

/// The whole suite runs on a PostgreSQL too (`UPTAKE_TEST_DATABASE=postgres`).
fn chosen() -> Option<Place> {
    let is_chosen = std::env::var("UPTAKE_TEST_DATABASE").as_deref() == Ok("postgres");
    is_chosen.then(|| test_postgres::database().expect("PostgreSQL is not installed"))
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::at(settings, None).await
    }

    /// A site on a database of its own, or on another that is empty.
    pub(crate) async fn at(settings: Settings, place: Option<Place>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("platform-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let place = place.or_else(chosen);
        let place = place.unwrap_or(Place::Sqlite(folder.join("test.sqlite")));
        let index = Index::open(&place).await.unwrap();
        let now = Arc::new(AtomicI64::new(MONDAY_NS));
        let clock = Clock::Set(Arc::clone(&now));
        let platform = Platform::open(
            index.readers().clone(),
            index.turns().clone(),
            &folder.join("keys"),
            settings,
            clock,
        )
        .await
        .unwrap();
        let app = archive(&folder, index, &platform).await;
        let archive = pacs::http::router(app.clone());
        let whole = archive.clone().merge(router(&platform, &app));
        Self {
            router: web::layers::around(whole.fallback(web::layers::nowhere), &platform),
            platform,
            archive,
            app,
            folder,
            now,
            mobiles: AtomicU32::new(0),
            place,
        }
    }

    /// The router without the layers around it, for what is told of its routes.
    pub(crate) fn routes(&self) -> Router {
        router(&self.platform, &self.app)
    }

    /// The archive's router, likewise.
    pub(crate) fn archive_routes(&self) -> &Router {
        &self.archive
    }

    /// Serves the whole site on a port of this machine, until the test ends; gives its address.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the database, where it is one.
    pub(crate) fn database(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Sqlite(path) => Some(path.clone()),
            Place::Postgres(_) => None,
        }
    }

    /// Another guard over the same site, which reads its file of tokens now.
    pub(crate) async fn guard(&self) -> Guard {
        let index = Index::open(&self.place).await.unwrap();
        let applications = Applications::open(index).await.unwrap();
        let tokens = TokenFile::open(&self.folder.join("tokens.toml")).unwrap();
        Guard::new(self.platform.clone(), tokens, applications)
    }

    /// A request of whoever is signed in with a browser, for what handlers call.
    pub(crate) async fn visit(&self, browser: &Browser<'_>) -> web::Visit {
        let (to, from) = std::sync::mpsc::channel();
        let router = Router::new().fallback(async move |visit: web::Visit| {
            let _ = to.send(visit);
        });
        let router = web::layers::around(router, &self.platform);
        let cookie = browser.cookie("uptake_session").unwrap();
        let request = Request::builder()
            .uri("/")
            .header(header::HOST, "uptake.example")
            .header(header::COOKIE, format!("uptake_session={cookie}"));
        let response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        from.recv().unwrap()
    }

    pub(crate) fn pass(&self, ns: i64) {
        self.now.fetch_add(ns, Ordering::SeqCst);
    }

    pub(crate) fn now_ns(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    /// A browser that nobody is signed in with.
    pub(crate) fn browser(&self) -> Browser<'_> {
        self.browser_at("10.0.0.5")
    }

    pub(crate) fn browser_at(&self, address: &str) -> Browser<'_> {
        Browser {
            site: self,
            address: address.parse().unwrap(),
            cookies: Mutex::default(),
            https: self.platform.settings().is_secure,
        }
    }

    pub(crate) fn mobile(&self) -> String {
        format!("138{:08}", self.mobiles.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let row = Sql::new(sql).one(self.platform.readers()).await.unwrap().unwrap();
        row.get(0).unwrap()
    }

    /// An active account with [`PASSWORD`].
    pub(crate) async fn account(&self, name: &str) -> (i64, String) {
        let kept = KEPT
            .get_or_init(async || secrets::hash_password(PASSWORD.to_owned()).await.unwrap())
            .await;
        let mobile = self.mobile();
        let change = self.platform.writer().begin().await.unwrap();
        let new = NewAccount {
            kind: "staff",
            state: "active",
            mobile: &mobile,
            name,
            password: kept,
            ..NewAccount::default()
        };
        let id = people::add(&*change, &new, self.now_ns()).await.unwrap().unwrap();
        change.commit().await.unwrap();
        (id, mobile)
    }

    /// An organisation.
    pub(crate) async fn organisation(&self, kind: Kind, name: &str) -> i64 {
        let change = self.platform.writer().begin().await.unwrap();
        let (id, _) = organisations::add(&*change, kind, name, self.now_ns())
            .await
            .unwrap();
        change.commit().await.unwrap();
        id
    }

    /// A new role of an organisation that holds some permissions.
    pub(crate) async fn role(&self, organisation: i64, permissions: &[Permission]) -> i64 {
        let role = role_store::Role {
            organisation,
            name: "测试".to_owned(),
            permissions: permissions.to_vec(),
            ..role_store::Role::default()
        };
        let change = self.platform.writer().begin().await.unwrap();
        let id = role_store::add(&*change, &role).await.unwrap();
        change.commit().await.unwrap();
        id
    }

    /// Makes an account a member.
    pub(crate) async fn join(&self, account: i64, organisation: i64, role: i64) {
        let change = self.platform.writer().begin().await.unwrap();
        membership::add(
            &*change,
            account,
            organisation,
            role,
            "active",
            None,
            self.now_ns(),
        )
        .await
        .unwrap();
        change.commit().await.unwrap();
    }

    /// The role that an organisation began with.
    pub(crate) async fn initial_role(&self, organisation: i64) -> i64 {
        self.count(&format!(
            "SELECT MIN(id) FROM roles WHERE is_initial = 1 AND organisation = {organisation}"
        ))
        .await
    }

    /// The platform's own organisation.
    pub(crate) async fn own(&self) -> i64 {
        organisations::platform(self.platform.readers())
            .await
            .unwrap()
            .unwrap()
            .id
    }

    /// A browser signed in as an account, with a second factor, in an organisation.
    pub(crate) async fn signed_in(&self, account: i64, organisation: Option<i64>) -> Browser<'_> {
        let token = secrets::token().unwrap();
        let now_ns = self.now_ns();
        let mut sql = Sql::new(
            "INSERT INTO sessions (token, person, organisation, created_ns, seen_ns, address, agent, second_factor_ns) VALUES (",
        );
        sql.bind(secrets::kept(&token))
            .push(", ")
            .bind(account)
            .push(", ")
            .bind(organisation)
            .push(", ");
        sql.bind_all([now_ns, now_ns])
            .push(", '10.0.0.5', 'test', ")
            .bind(now_ns)
            .push(")");
        let change = self.platform.writer().begin().await.unwrap();
        change.run(&sql).await.unwrap();
        change.commit().await.unwrap();
        let browser = self.browser();
        browser
            .cookies
            .lock()
            .unwrap()
            .insert("uptake_session".to_owned(), token);
        browser
    }

    /// A browser of a new member of an organisation who holds some permissions.
    pub(crate) async fn member(&self, organisation: i64, permissions: &[Permission]) -> Browser<'_> {
        let role = self.role(organisation, permissions).await;
        let (account, _) = self.account("张医生").await;
        self.join(account, organisation, role).await;
        self.signed_in(account, Some(organisation)).await
    }

    /// A browser of the administrator of an organisation.
    pub(crate) async fn administrator(&self, organisation: i64) -> Browser<'_> {
        let (account, _) = self.account("李主任").await;
        let role = self.initial_role(organisation).await;
        self.join(account, organisation, role).await;
        self.signed_in(account, Some(organisation)).await
    }

    /// A browser of an administrator of the platform, by a permission that the office holds.
    pub(crate) async fn officer(&self, permission: &str) -> Browser<'_> {
        let own = self.own().await;
        let role = role_store::holding(self.platform.readers(), own, permission)
            .await
            .unwrap()
            .unwrap();
        let (account, _) = self.account("王管理").await;
        self.join(account, own, role).await;
        self.signed_in(account, Some(own)).await
    }

    /// What a captcha on a page shows, as a person would read it.
    pub(crate) async fn read_captcha(&self, page: &Page) -> (String, String) {
        let token = page.value("captcha_token");
        let mut sql = Sql::new("SELECT content FROM one_time WHERE token = ");
        sql.bind(secrets::kept(&token));
        let row = sql.one(self.platform.readers()).await.unwrap().unwrap();
        let shown: String = row.get(0).unwrap();
        assert!(captcha::is_same(&shown, &shown.to_lowercase()));
        (token, shown)
    }

    /// Entries of the journal of a kind.
    pub(crate) async fn entries(&self, kind: &str) -> Vec<journal::Entry> {
        let query = journal::Query {
            kinds: Some(vec![kind.to_owned()]),
            limit: 1000,
            ..journal::Query::default()
        };
        let found = journal::find(self.platform.readers(), &query).await.unwrap();
        found.into_iter().map(|stored| stored.entry).collect()
    }
}

/// An archive whose questions the platform answers, as it is served.
async fn archive(folder: &Path, index: Index, platform: &Platform) -> App {
    let storage = Storage::local(&folder.join("objects")).unwrap();
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
        .await
        .unwrap();
    let applications = Applications::open(index.clone()).await.unwrap();
    let tokens = TokenFile::open(&folder.join("tokens.toml")).unwrap();
    let guard: Arc<dyn Authorize> = Arc::new(Guard::new(platform.clone(), tokens, applications));
    let archive = Archive::new(ingest, index, storage, "TEST", HashMap::new());
    let uploads = folder.join("uploads");
    let uploads = Uploads::open(&uploads, archive.index().clone(), upload::Limits::default()).await;
    let queue = Queue::open(archive.index().clone(), "test", Begin::Now);
    App::new(archive.with_authorize(Arc::clone(&guard)), guard)
        .with_uploads(uploads.unwrap())
        .with_queue(queue.await.unwrap())
}

/// A browser: it keeps cookies and says where its forms come from.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    address: IpAddr,
    pub(crate) cookies: Mutex<BTreeMap<String, String>>,
    https: bool,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Posts a form from a page of this site.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(
            Method::POST,
            path,
            Some(fields),
            &[("sec-fetch-site", "same-origin")],
        )
        .await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        self.send(Method::POST, path, Some(fields), headers).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        fields: Option<&[(&str, &str)]>,
        headers: &[(&str, &str)],
    ) -> Page {
        let body = fields.map(|fields| {
            let mut text = form_urlencoded::Serializer::new(String::new());
            text.extend_pairs(fields);
            (
                text.finish().into_bytes(),
                "application/x-www-form-urlencoded".to_owned(),
            )
        });
        self.send_body(method, path, body, headers).await
    }

    /// Sends a body of a type.
    pub(crate) async fn send_body(
        &self,
        method: Method,
        path: &str,
        body: Option<(Vec<u8>, String)>,
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "uptake.example");
        }
        if !headers.iter().any(|(name, _)| *name == "accept") {
            request = request.header(header::ACCEPT, "text/html");
        }
        let cookies = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Body::empty(),
            Some((bytes, media_type)) => {
                request = request.header(header::CONTENT_TYPE, media_type);
                Body::from(bytes)
            }
        };
        let mut request = request.body(body).unwrap();
        request
            .extensions_mut()
            .insert(Peer(SocketAddr::new(self.address, 40_000)));
        let response = self.site.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        self.keep(&parts.headers);
        let location = parts
            .headers
            .get(header::LOCATION)
            .map(|value| value.to_str().unwrap().to_owned());
        Page {
            status: parts.status,
            location: location.unwrap_or_default(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    fn keep(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            assert_eq!(line.contains("; Secure"), self.https, "{line}");
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Signs in as people do, reading the captcha where one is asked for.
    pub(crate) async fn sign_in(&self, mobile: &str, password: &str) -> Page {
        let mut page = self.get("/sign-in").await;
        let mut is_asked = page.text.contains("captcha_token");
        loop {
            let mut fields = vec![("mobile", mobile.to_owned()), ("password", password.to_owned())];
            if is_asked {
                let (token, shown) = self.site.read_captcha(&page).await;
                fields.push(("captcha_token", token));
                fields.push(("captcha", shown));
            }
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            page = self.post("/sign-in", &fields).await;
            // An address that somebody else is known at asks only now.
            if is_asked || !page.text.contains("captcha_token") {
                return page;
            }
            is_asked = true;
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    /// The value of an input of the page.
    pub(crate) fn value(&self, name: &str) -> String {
        let begins = self
            .text
            .find(&format!("name=\"{name}\""))
            .unwrap_or_else(|| panic!("no {name} in {}", self.text));
        let tag = &self.text[begins..];
        let tag = &tag[..tag.find('>').unwrap()];
        let value = tag
            .split_once("value=\"")
            .map_or("", |(_, rest)| rest.split('"').next().unwrap());
        value.to_owned()
    }

    pub(crate) fn leads_to(&self, path: &str) {
        assert_eq!(
            (self.status, self.location.as_str()),
            (StatusCode::SEE_OTHER, path),
            "{}",
            self.text
        );
    }

    pub(crate) fn is(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{} {}", self.location, self.text);
    }
}
