//! A browser window and what a person does in it: read, fill in by label, press by the button's words.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::command::{Command, ExtensionCommand};
use thirtyfour::prelude::*;

use super::driver::Chromedriver;
use super::portal::Portal;
use super::wait::eventually;

/// Whether the pages' scripts run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

/// WCAG 2.2, 1.4.10: nothing scrolls sideways at 320 px.
const NARROW: u32 = 320;
const WIDE: u32 = 1280;
const HEIGHT: u32 = 900;
/// How long the browser may take for one command.
const PATIENCE: Duration = Duration::from_secs(60);

const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    // A host name that is no loopback address, so that the browser takes it for an insecure origin.
    "--host-resolver-rules=MAP portal.test 127.0.0.1",
];

/// Fields drop in this order: the browser ends before its driver and its profile.
pub struct Screen {
    driver: WebDriver,
    address: String,
    scripts: Scripts,
    /// One test takes the picture of a page, though more may pass by it.
    takes_pictures: bool,
    _chromedriver: Arc<Chromedriver>,
    _profile: TempDir,
}

impl Screen {
    /// A fresh browser before the portal.
    pub async fn of(portal: &Portal, scripts: Scripts) -> Self {
        let chromedriver = Chromedriver::shared().await;
        let profile = tempfile::tempdir().unwrap();
        let wanted = capabilities(profile.path(), scripts);
        let driver = WebDriver::builder(chromedriver.address(), wanted).client(client()).await.unwrap();
        let address = portal.address.clone();
        let screen =
            Self { driver, address, scripts, takes_pictures: false, _chromedriver: chromedriver, _profile: profile };
        screen.set_width(WIDE).await;
        screen.check_scripts().await;
        screen
    }

    /// A page's own script runs, or does not: the preference could lose its meaning with the next browser.
    async fn check_scripts(&self) {
        let page = "data:text/html,<title>off</title><script>document.title='on'</script>";
        self.driver.goto(page).await.unwrap();
        let expected = if self.scripts == Scripts::On { "on" } else { "off" };
        assert_eq!(self.driver.title().await.unwrap(), expected, "scripts of a page");
    }

    /// Takes a picture of every page that it shows, when pictures are asked for.
    pub fn taking_pictures(mut self) -> Self {
        self.takes_pictures = pictures_wanted();
        self
    }

    pub async fn visit(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.address)).await.unwrap();
    }

    /// What the test itself asks the browser; works with the page's scripts off too.
    pub async fn ask(&self, script: &str) -> Value {
        self.try_to_ask(script).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    async fn try_to_ask(&self, script: &str) -> WebDriverResult<Value> {
        Ok(self.driver.execute(format!("return {script}"), Vec::new()).await?.json().clone())
    }

    async fn ask_text(&self, script: &str) -> String {
        self.ask(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// The text a person sees.
    pub async fn text(&self) -> String {
        self.ask_text("document.body.innerText").await
    }

    pub async fn title(&self) -> String {
        self.driver.title().await.unwrap()
    }

    /// The HTTP status of the page.
    pub async fn status(&self) -> u64 {
        self.ask("performance.getEntriesByType('navigation')[0].responseStatus").await.as_u64().unwrap_or_default()
    }

    pub async fn find(&self, css: &str) -> WebElement {
        self.driver.find(By::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn has(&self, css: &str) -> bool {
        !self.driver.find_all(By::Css(css)).await.unwrap().is_empty()
    }

    /// The field under the label of these words.
    pub async fn field(&self, label: &str) -> WebElement {
        let of_label = self.shown(&format!("//label[normalize-space()='{label}']")).await;
        let id =
            of_label.attr("for").await.unwrap().unwrap_or_else(|| panic!("the label '{label}' belongs to no field"));
        self.driver.find(By::Id(id)).await.unwrap()
    }

    pub async fn value(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Types `text` over whatever stands in the field.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses a button that leads to another page.
    pub async fn press(&self, button: &str) {
        let button = self.shown(&format!("//button[normalize-space()='{button}']")).await;
        self.leave_by(&button).await;
    }

    pub async fn follow(&self, link: &str) {
        let link = self.shown(&format!("//a[normalize-space()='{link}']")).await;
        self.leave_by(&link).await;
    }

    async fn leave_by(&self, way: &WebElement) {
        let before = self.ask("performance.timeOrigin").await;
        way.click().await.unwrap();
        // In between there is no document to ask.
        let arrived = "document.readyState === 'complete' && performance.timeOrigin";
        eventually("another page", async || {
            let now = self.try_to_ask(arrived).await.ok()?;
            (now.is_number() && now != before).then_some(())
        })
        .await;
    }

    /// The first visible element; a dialog that is not open may have buttons of the same words.
    async fn shown(&self, xpath: &str) -> WebElement {
        for element in self.driver.find_all(By::XPath(xpath)).await.unwrap() {
            if element.is_displayed().await.unwrap() {
                return element;
            }
        }
        panic!("no {xpath} on:\n{}", self.text().await)
    }

    /// Where the keyboard is.
    pub async fn focused(&self, css: &str) -> bool {
        self.ask(&format!("document.activeElement.matches('{css}')")).await == json!(true)
    }

    pub async fn await_focus(&self, css: &str) {
        eventually(&format!("focus on {css}"), async || self.focused(css).await.then_some(())).await;
    }

    pub async fn await_text(&self, text: &str) {
        eventually(text, async || self.text().await.contains(text).then_some(())).await;
    }

    /// What a person reads in a second window meanwhile.
    pub async fn in_second_window(&self, path: &str, script: &str) -> Value {
        let address = format!("{}{path}", self.address);
        let read = async || {
            self.driver.goto(address.as_str()).await?;
            self.try_to_ask(script).await
        };
        let first = self.driver.window().await.unwrap();
        let second = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(second).await.unwrap();
        let found = read().await.unwrap();
        self.driver.close_window().await.unwrap();
        self.driver.switch_to_window(first).await.unwrap();
        found
    }

    /// The page has this heading, and no part of it sticks out at either width.
    pub async fn shows(&self, heading: &str, picture: &str) {
        let headings = self.ask("Array.from(document.querySelectorAll('h1'), h => h.innerText)").await;
        assert_eq!(headings, json!([heading]), "the page is:\n{}", self.text().await);
        for width in [NARROW, WIDE] {
            self.set_width(width).await;
            let sticks_out =
                self.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
            assert_eq!(sticks_out, json!(0), "{heading} scrolls sideways at {width} px");
            self.take_picture(width, &format!("{picture}-{width}")).await;
        }
    }

    /// A refused form: its heading, the sentence in the summary, focus on the summary.
    pub async fn refuses(&self, heading: &str, sentence: &str, picture: &str) {
        assert_eq!(self.status().await, 422);
        self.await_focus("[role=alert].err").await;
        assert!(self.title().await.starts_with("Error: "), "{}", self.title().await);
        let summary = self.ask_text("document.querySelector('[role=alert].err').innerText").await;
        assert!(summary.starts_with("There is a problem") && summary.contains(sentence), "{summary}");
        self.shows(heading, picture).await;
    }

    async fn set_width(&self, width: u32) {
        let metrics = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        eventually("the new width", async || (self.ask("innerWidth").await == json!(width)).then_some(())).await;
    }

    async fn call(&self, cmd: &'static str, params: Value) -> Value {
        let command = Command::ExtensionCommand(Box::new(DevTools { cmd, params }));
        self.driver.cmd(command).await.unwrap().value_json().unwrap()
    }

    /// The whole page at this width, in `target/screenshots/`.
    async fn take_picture(&self, width: u32, name: &str) {
        if self.takes_pictures {
            self.take_picture_as(width, &root().join(format!("target/screenshots/{name}.png"))).await;
        }
    }

    /// A picture of the README, `docs/<name>.png`.
    pub async fn take_picture_for_readme(&self, name: &str) {
        if self.takes_pictures {
            self.take_picture_as(WIDE, &root().join(format!("docs/{name}.png"))).await;
        }
    }

    async fn take_picture_as(&self, width: u32, file: &Path) {
        let height = self.ask("document.documentElement.scrollHeight").await;
        // Beyond the window: a higher window would be another page, because parts of it follow the window's height.
        let whole = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let picture =
            self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": whole })).await;
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, picture).unwrap();
    }

    pub async fn close(self) {
        self.driver.quit().await.unwrap();
    }
}

/// Opens a connection for each command: when a test panics, the browser is closed from another thread, and a
/// connection kept from before would never answer there.
fn client() -> reqwest::Client {
    // The client is built with the choice left to us; a second choice changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().timeout(PATIENCE).build().unwrap()
}

fn capabilities(profile: &Path, scripts: Scripts) -> Capabilities {
    let mut wanted = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        wanted.add_arg(argument).unwrap();
    }
    wanted.add_arg(&format!("--user-data-dir={}", profile.display())).unwrap();
    if scripts == Scripts::Off {
        // 2 is "block" of the browser's content settings.
        let block = json!({ "profile.managed_default_content_settings.javascript": 2 });
        wanted.add_experimental_option("prefs", block).unwrap();
    }
    wanted.into()
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test suite, not a setting")]
fn pictures_wanted() -> bool {
    std::env::var("SANAD_TEST_SCREENSHOTS").is_ok_and(|wanted| wanted == "1")
}

/// A command of the browser's developer tools, which WebDriver has no word for.
#[derive(Debug)]
struct DevTools {
    cmd: &'static str,
    params: Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({ "cmd": self.cmd, "params": self.params }))
    }

    fn method(&self) -> reqwest::Method {
        reqwest::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}
