//! Mails and SMS, read where a person reads them in demo mode.

use scraper::{ElementRef, Html, Selector};

use super::{App, Browser};

/// One message that went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `Email` or `SMS`.
    pub channel: String,
    pub to: String,
    /// Empty for an SMS.
    pub subject: String,
    pub text: String,
}

impl Message {
    /// The OTP that the message begins with.
    pub fn otp(&self) -> Option<String> {
        let digits: String = self.text.chars().take_while(char::is_ascii_digit).collect();
        (digits.len() >= 6).then_some(digits)
    }
}

impl App {
    /// Every message, the newest first.
    pub async fn messages(&self) -> Vec<Message> {
        messages_in(&self.browser()).await
    }

    /// The newest OTP sent over that channel (`Email`, `SMS`) or to that address or phone.
    pub async fn last_otp_for(&self, who: &str) -> String {
        let messages = self.messages().await;
        let mut fitting = messages.iter().filter(|message| message.channel == who || message.to.ends_with(who));
        let otp = fitting.find_map(Message::otp);
        otp.unwrap_or_else(|| panic!("no OTP for {who}: {messages:?}"))
    }
}

/// Every message of the portal that the browser looks at, the newest first.
pub async fn messages_in(browser: &Browser) -> Vec<Message> {
    let page = browser.get("/demo/messages").await;
    page.assert_shows("Messages");
    let document = Html::parse_document(&page.html);
    let articles = Selector::parse("article.message").unwrap();
    document.select(&articles).map(message).collect()
}

fn message(article: ElementRef) -> Message {
    let text = |selector: &str| {
        let selector = Selector::parse(selector).unwrap();
        let found = article.select(&selector).next();
        let text: String = found.map(|found| found.text().collect()).unwrap_or_default();
        text.trim().to_owned()
    };
    Message { channel: text(".tag"), to: text("strong"), subject: text("h2"), text: text("pre") }
}
