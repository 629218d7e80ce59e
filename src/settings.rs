//! Settings with fixed names: defaults < `sanad.toml` < `SANAD_*` -> typed `Settings`. An error names the key and what
//! it wants. A key in the file is the variable's name in lower case without `SANAD_`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use crate::kernel::limits::Limits;
use crate::kernel::password::{Cost, Policy};

/// A setting that cannot be used; one line for the operator.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{key}: {wants}")]
pub struct SettingsError {
    key: String,
    wants: String,
}

impl SettingsError {
    pub fn new(key: &str, wants: impl Into<String>) -> Self {
        Self { key: key.to_owned(), wants: wants.into() }
    }
}

/// Demo: loopback, a sample register, messages on a page. Production: refuses to start with any of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Demo,
    Production,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Whether software needs an integrator key. `Optional` is for gateways that strip it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineKeys {
    Required,
    Optional,
}

/// What a sign-in asks for besides the password, when the person has no authenticator app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Nothing: as the documents have it (DV-2).
    Password,
    Otp,
}

/// A TLS certificate chain and its key, PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Everything the operator can set, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mode: Mode,
    pub listen: SocketAddr,
    /// `https://host[:port]`, without a path; what mails and Host checks go by.
    pub base_url: String,
    pub data_dir: PathBuf,
    /// `sqlite:PATH` is not written out in the contract; a path or `postgres://…`.
    pub database_url: Option<SecretString>,
    pub keys_dir: PathBuf,
    pub smtp_url: Option<SecretString>,
    /// A PEM file of certificates to trust for SMTP besides the usual ones.
    pub smtp_ca: Option<PathBuf>,
    pub mail_from: String,
    pub sms_url: Option<SecretString>,
    pub tls: Option<Tls>,
    pub trusted_proxies: Vec<IpNet>,
    pub sign_in: SignIn,
    pub password_policy: Policy,
    pub argon2: Cost,
    pub brand: String,
    pub operator_name: String,
    pub operator_contact: String,
    pub machine_keys: MachineKeys,
    /// Whether the door of the e-invoice protocol (`/eivital`) is open.
    pub nic_door: bool,
    /// Whether the door of the GST system's protocol (`/taxpayerapi`) is open.
    pub gstn_door: bool,
    pub log: LogFormat,
    pub limits: Limits,
    /// Names that are set and that this version does not act on yet.
    pub without_effect: Vec<String>,
}

/// Name, default and meaning of every setting in force.
const NAMES: &[(&str, &str, &str)] = &[
    ("MODE", "demo", "demo or production"),
    ("LISTEN", "127.0.0.1:8080", "address and port of the portal"),
    ("BASE_URL", "", "public address of the portal; http:// and the listen address by default"),
    ("DATA_DIR", "./data", "folder of the database and the demo keys"),
    ("DATABASE_URL", "", "path of the SQLite file, or postgres://…"),
    ("KEYS_DIR", "", "folder of the key files; keys in the data dir by default"),
    ("SMTP_URL", "", "smtp://host:port (loopback), smtp+starttls://user:pass@host, smtps://…"),
    ("SMTP_CA", "", "PEM file of certificates to trust for SMTP"),
    ("MAIL_FROM", "", "sender of mails, an address or Name <address>"),
    ("SMS_URL", "", "address that SMS messages are posted to"),
    ("SMS_PRESET", "json", "json"),
    ("SMS_PER_DAY", "5000", "SMS a day over all destinations"),
    ("TLS_CERT", "", "PEM file of the certificate chain"),
    ("TLS_KEY", "", "PEM file of the certificate's key"),
    ("TRUSTED_PROXIES", "", "addresses or networks of proxies whose X-Forwarded-For is believed, comma-separated"),
    ("SIGN_IN", "password", "password or otp: whether every sign-in asks for an OTP as well"),
    ("PASSWORD_POLICY", "documents", "documents or nist"),
    ("ARGON2", "m=19456,t=2,p=1", "cost of password hashes"),
    ("BRAND", "Sanad", "name of the service"),
    ("OPERATOR_NAME", "", "who runs the service"),
    ("OPERATOR_CONTACT", "", "how people reach the operator: an email address or a phone number"),
    ("MACHINE_KEYS", "required", "required or optional: whether software needs an integrator key"),
    ("NIC_DOOR", "on", "on or off: the door of the e-invoice sign-in protocol"),
    ("GSTN_DOOR", "on", "on or off: the door of the GST system's sign-in protocol"),
    ("LOG", "text", "text or json"),
    ("DEMO_PUBLIC", "no", "yes lets demo mode listen on an address that is not loopback"),
];

/// Names of the contract that later versions act on: setting one is told in the log and changes nothing.
const LATER: &[&str] = &[
    "SMTP_URL_2",
    "SMS_URL_2",
    "REGISTER_URL",
    "REGISTER_TOKEN_FILE",
    "OPS_LISTEN",
    "HOSTS_IRP",
    "HOSTS_GST",
    "HOSTS_WORKSPACE",
];

type Values = BTreeMap<String, String>;

impl Settings {
    /// Reads `sanad.toml` in the working folder when there is one, then the environment.
    #[expect(clippy::disallowed_methods, reason = "the only reader of the environment")]
    pub fn load() -> Result<Self, SettingsError> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("SANAD_")?.to_owned();
            Some((name, value.to_string_lossy().into_owned()))
        });
        let file = Path::new("sanad.toml");
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(SettingsError::new("sanad.toml", error.to_string())),
        };
        Self::from_sources(&text, environment)
    }

    /// The settings of a file's text and of variables named without `SANAD_`.
    pub fn from_sources(
        file: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut limits = Limits::default();
        let mut values = read_file(file, &mut limits)?;
        // Variables of the test suite share the prefix and are nobody's setting.
        values.extend(environment.into_iter().filter(|(name, _)| !name.starts_with("TEST_")));
        // An empty variable is how people switch one off.
        values.retain(|_, value| !value.trim().is_empty());
        for name in values.keys() {
            let known = NAMES.iter().any(|(known, ..)| known == name) || LATER.contains(&name.as_str());
            if !known && !name.starts_with("DLT_") {
                return Err(SettingsError::new(&format!("SANAD_{name}"), "there is no setting of this name"));
            }
        }
        Self::from_values(&values, limits)
    }

    fn from_values(values: &Values, mut limits: Limits) -> Result<Self, SettingsError> {
        let mode = parsed(values, "MODE", |text| match text {
            "demo" => Some(Mode::Demo),
            "production" => Some(Mode::Production),
            _ => None,
        })?;
        let listen: SocketAddr = parsed(values, "LISTEN", |text| text.parse().ok())?;
        let data_dir = PathBuf::from(value(values, "DATA_DIR"));
        if values.contains_key("SMS_PER_DAY") {
            limits.sms_per_day = parsed(values, "SMS_PER_DAY", |text| text.parse().ok().filter(|count| *count > 0))?;
        }
        parsed(values, "SMS_PRESET", |text| (text == "json").then_some(()))?;
        let settings = Self {
            mode,
            listen,
            base_url: base_url(values, listen)?,
            database_url: secret(values, "DATABASE_URL"),
            keys_dir: values.get("KEYS_DIR").map_or_else(|| data_dir.join("keys"), PathBuf::from),
            data_dir,
            smtp_url: secret(values, "SMTP_URL"),
            smtp_ca: values.get("SMTP_CA").map(PathBuf::from),
            mail_from: mail_from(values),
            sms_url: secret(values, "SMS_URL"),
            tls: tls(values)?,
            trusted_proxies: proxies(values)?,
            sign_in: parsed(values, "SIGN_IN", |text| match text {
                "password" => Some(SignIn::Password),
                "otp" => Some(SignIn::Otp),
                _ => None,
            })?,
            password_policy: parsed(values, "PASSWORD_POLICY", |text| match text {
                "documents" => Some(Policy::Documents),
                "nist" => Some(Policy::Nist),
                _ => None,
            })?,
            argon2: Cost::parse(&value(values, "ARGON2")).map_err(|wants| SettingsError::new("SANAD_ARGON2", wants))?,
            brand: value(values, "BRAND"),
            operator_name: value(values, "OPERATOR_NAME"),
            operator_contact: value(values, "OPERATOR_CONTACT"),
            machine_keys: parsed(values, "MACHINE_KEYS", |text| match text {
                "required" => Some(MachineKeys::Required),
                "optional" => Some(MachineKeys::Optional),
                _ => None,
            })?,
            nic_door: parsed(values, "NIC_DOOR", on_or_off)?,
            gstn_door: parsed(values, "GSTN_DOOR", on_or_off)?,
            log: parsed(values, "LOG", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                _ => None,
            })?,
            limits,
            without_effect: values
                .keys()
                .filter(|name| LATER.contains(&name.as_str()) || name.starts_with("DLT_"))
                .map(|name| format!("SANAD_{name}"))
                .collect(),
        };
        settings.check(parsed(values, "DEMO_PUBLIC", yes_or_no)?)?;
        Ok(settings)
    }

    /// What a mode refuses on the face of its settings. The rest (keys, sample data) is refused where it is opened.
    fn check(&self, demo_public: bool) -> Result<(), SettingsError> {
        if self.mode == Mode::Demo {
            return match self.listen.ip().is_loopback() || demo_public {
                true => Ok(()),
                false => Err(SettingsError::new(
                    "SANAD_LISTEN",
                    "demo mode listens on loopback only; SANAD_DEMO_PUBLIC=yes allows another address",
                )),
            };
        }
        if self.tls.is_none() && self.trusted_proxies.is_empty() {
            let wants = "production needs TLS: set SANAD_TLS_CERT and SANAD_TLS_KEY, or SANAD_TRUSTED_PROXIES";
            return Err(SettingsError::new("SANAD_TLS_CERT", wants));
        }
        if self.smtp_url.is_none() {
            return Err(SettingsError::new("SANAD_SMTP_URL", "production needs a mail transport"));
        }
        if !self.base_url.starts_with("https://") {
            return Err(SettingsError::new("SANAD_BASE_URL", "production needs a public address that begins https://"));
        }
        if !self.argon2.meets_floor() {
            let wants = "production needs at least m=47104,t=1 or m=19456,t=2 or m=12288,t=3";
            return Err(SettingsError::new("SANAD_ARGON2", wants));
        }
        Ok(())
    }

    /// Whether the database is PostgreSQL, and its address; else the path of the SQLite file.
    pub fn database(&self) -> (bool, String) {
        match self.database_url.as_ref().map(|url| url.expose_secret()) {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => (true, url.to_owned()),
            Some(path) => (false, path.strip_prefix("sqlite:").unwrap_or(path).to_owned()),
            None => (false, self.data_dir.join("sanad.db").display().to_string()),
        }
    }

    /// Host and port of the public address, as a Host header spells them.
    pub fn public_host(&self) -> &str {
        self.base_url.split_once("://").map_or(self.base_url.as_str(), |(_, host)| host)
    }

    /// Whether browsers reach the portal over TLS, so that cookies are `Secure` and named `__Host-`.
    pub fn is_secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// What `sanad config show` prints: every setting and every limit, secrets as stars.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |set: bool| if set { "***" } else { "" };
        let mode = if self.mode == Mode::Demo { "demo" } else { "production" };
        let sign_in = if self.sign_in == SignIn::Password { "password" } else { "otp" };
        let policy = if self.password_policy == Policy::Documents { "documents" } else { "nist" };
        let path = |path: Option<&Path>| path.map(|path| path.display().to_string()).unwrap_or_default();
        let proxies: Vec<String> = self.trusted_proxies.iter().map(ToString::to_string).collect();
        writeln!(f, "mode = \"{mode}\"")?;
        writeln!(f, "listen = \"{}\"", self.listen)?;
        writeln!(f, "base_url = \"{}\"", self.base_url)?;
        writeln!(f, "data_dir = \"{}\"", self.data_dir.display())?;
        writeln!(f, "database_url = \"{}\"", or_none(self.database_url.is_some()))?;
        writeln!(f, "keys_dir = \"{}\"", self.keys_dir.display())?;
        writeln!(f, "smtp_url = \"{}\"", or_none(self.smtp_url.is_some()))?;
        writeln!(f, "smtp_ca = \"{}\"", path(self.smtp_ca.as_deref()))?;
        writeln!(f, "mail_from = \"{}\"", self.mail_from)?;
        writeln!(f, "sms_url = \"{}\"", or_none(self.sms_url.is_some()))?;
        writeln!(f, "sms_preset = \"json\"")?;
        writeln!(f, "tls_cert = \"{}\"", path(self.tls.as_ref().map(|tls| tls.certificate.as_path())))?;
        writeln!(f, "tls_key = \"{}\"", path(self.tls.as_ref().map(|tls| tls.key.as_path())))?;
        writeln!(f, "trusted_proxies = \"{}\"", proxies.join(","))?;
        writeln!(f, "sign_in = \"{sign_in}\"")?;
        writeln!(f, "password_policy = \"{policy}\"")?;
        writeln!(f, "argon2 = \"{}\"", self.argon2)?;
        writeln!(f, "brand = \"{}\"", self.brand)?;
        writeln!(f, "operator_name = \"{}\"", self.operator_name)?;
        writeln!(f, "operator_contact = \"{}\"", self.operator_contact)?;
        let machine_keys = if self.machine_keys == MachineKeys::Required { "required" } else { "optional" };
        let on_or_off = |on: bool| if on { "on" } else { "off" };
        writeln!(f, "machine_keys = \"{machine_keys}\"")?;
        writeln!(f, "nic_door = \"{}\"", on_or_off(self.nic_door))?;
        writeln!(f, "gstn_door = \"{}\"", on_or_off(self.gstn_door))?;
        writeln!(f, "log = \"{}\"", if self.log == LogFormat::Text { "text" } else { "json" })?;
        writeln!(f, "\n[limits]")?;
        self.limits.list().iter().try_for_each(|(name, value, meaning)| writeln!(f, "{name} = {value}  # {meaning}"))
    }
}

fn read_file(text: &str, limits: &mut Limits) -> Result<Values, SettingsError> {
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| SettingsError::new("sanad.toml", error.message().to_owned()))?;
    let mut values = Values::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(table) if key == "limits" => read_limits(table, limits)?,
            toml::Value::String(text) => drop(values.insert(key.to_uppercase(), text)),
            toml::Value::Integer(number) => drop(values.insert(key.to_uppercase(), number.to_string())),
            toml::Value::Boolean(flag) => {
                drop(values.insert(key.to_uppercase(), if flag { "yes" } else { "no" }.into()))
            }
            _ => return Err(SettingsError::new(&key, "must be a text, a number, or true or false")),
        }
    }
    Ok(values)
}

fn read_limits(table: toml::Table, limits: &mut Limits) -> Result<(), SettingsError> {
    for (name, value) in table {
        let number = value.as_integer().filter(|number| *number > 0);
        let number = number.ok_or_else(|| SettingsError::new(&format!("limits.{name}"), "must be a number above 0"))?;
        if !limits.set(&name, number) {
            return Err(SettingsError::new(&format!("limits.{name}"), "there is no limit of this name"));
        }
    }
    Ok(())
}

fn value(values: &Values, name: &str) -> String {
    let default = || NAMES.iter().find(|(known, ..)| *known == name).map_or("", |(_, default, _)| default).to_owned();
    values.get(name).map_or_else(default, |value| value.trim().to_owned())
}

fn parsed<T>(values: &Values, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, SettingsError> {
    let wants = || NAMES.iter().find(|(known, ..)| *known == name).map_or("", |(.., wants)| wants);
    parse(&value(values, name))
        .ok_or_else(|| SettingsError::new(&format!("SANAD_{name}"), format!("wants {}", wants())))
}

fn secret(values: &Values, name: &str) -> Option<SecretString> {
    values.get(name).map(|value| SecretString::from(value.trim()))
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// A bare true or false of the file reads as yes or no.
fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" => Some(true),
        "off" | "no" => Some(false),
        _ => None,
    }
}

fn base_url(values: &Values, listen: SocketAddr) -> Result<String, SettingsError> {
    let Some(url) = values.get("BASE_URL") else { return Ok(format!("http://{listen}")) };
    let url = url.trim().trim_end_matches('/').to_lowercase();
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(url),
        _ => Err(SettingsError::new("SANAD_BASE_URL", "wants http:// or https://, a host and nothing after it")),
    }
}

fn mail_from(values: &Values) -> String {
    values.get("MAIL_FROM").cloned().unwrap_or_else(|| format!("{} <no-reply@localhost>", value(values, "BRAND")))
}

fn tls(values: &Values) -> Result<Option<Tls>, SettingsError> {
    match (values.get("TLS_CERT"), values.get("TLS_KEY")) {
        (Some(certificate), Some(key)) => Ok(Some(Tls { certificate: certificate.into(), key: key.into() })),
        (None, None) => Ok(None),
        _ => Err(SettingsError::new("SANAD_TLS_CERT", "SANAD_TLS_CERT and SANAD_TLS_KEY go together")),
    }
}

fn proxies(values: &Values) -> Result<Vec<IpNet>, SettingsError> {
    let list = value(values, "TRUSTED_PROXIES");
    let networks = list
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<IpNet>().or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from)));
    networks.collect::<Result<_, _>>().map_err(|_| {
        SettingsError::new("SANAD_TRUSTED_PROXIES", "wants addresses or networks such as 10.0.0.0/8, comma-separated")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_sources("", pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        settings(pairs).err().map(|error| error.to_string()).unwrap_or_default()
    }

    const PRODUCTION: [(&str, &str); 4] = [
        ("MODE", "production"),
        ("BASE_URL", "https://irp.example.in"),
        ("SMTP_URL", "smtps://mail.example.in"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
    ];

    #[test]
    fn nothing_set_is_demo_mode_on_loopback() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.mode, Mode::Demo);
        assert_eq!(settings.base_url, "http://127.0.0.1:8080");
        assert!(settings.database().1.ends_with("sanad.db"));
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let file = "brand = \"File\"\nlisten = \"127.0.0.1:9000\"\n[limits]\notp_tries = 3";
        let settings = Settings::from_sources(file, [("BRAND".to_owned(), "Variable".to_owned())]).unwrap();
        assert_eq!((settings.brand.as_str(), settings.listen.port(), settings.limits.otp_tries), ("Variable", 9000, 3));
    }

    #[test]
    fn an_error_names_the_key_and_what_it_wants() {
        assert_eq!(refusal(&[("MODE", "test")]), "SANAD_MODE: wants demo or production");
        assert_eq!(refusal(&[("LISTENS", "x")]), "SANAD_LISTENS: there is no setting of this name");
        assert!(refusal(&[("BASE_URL", "irp.example.in")]).starts_with("SANAD_BASE_URL: wants"));
        assert!(refusal(&[("TLS_CERT", "a.pem")]).contains("go together"));
        let unknown = Settings::from_sources("[limits]\notp_trys = 3", []).err().map(|error| error.to_string());
        assert_eq!(unknown.as_deref(), Some("limits.otp_trys: there is no limit of this name"));
    }

    #[test]
    fn demo_mode_stays_on_loopback_unless_told() {
        assert!(refusal(&[("LISTEN", "0.0.0.0:8080")]).contains("SANAD_DEMO_PUBLIC=yes"));
        assert!(settings(&[("LISTEN", "0.0.0.0:8080"), ("DEMO_PUBLIC", "yes")]).is_ok());
    }

    #[test]
    fn production_refuses_what_it_must() {
        assert!(settings(&PRODUCTION).is_ok());
        for (left_out, told) in
            [("BASE_URL", "SANAD_BASE_URL"), ("SMTP_URL", "mail transport"), ("TRUSTED_PROXIES", "TLS")]
        {
            let rest: Vec<_> = PRODUCTION.into_iter().filter(|(name, _)| *name != left_out).collect();
            assert!(refusal(&rest).contains(told), "{left_out}: {}", refusal(&rest));
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let shown = settings(&[("SMTP_URL", "smtps://user:hunter2@mail.example.in")]).unwrap().to_string();
        assert!(!shown.contains("hunter2") && shown.contains("otp_tries = 5"));
    }
}
