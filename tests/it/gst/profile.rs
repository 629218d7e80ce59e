//! C6, the profile and its tabs.

use sanad::kernel::gstin::Gstin;
use sanad::kernel::taxpayer::Taxpayer;
use sanad::store::taxpayers::{self, Source};

use crate::support::samples::*;
use crate::support::walk_gst::*;
use crate::support::{App, Browser, Page, Sample};

const PROFILE: &str = "/gst/profile";
/// Title and address of each tab.
const TABS: [(&str, &str); 4] = [
    ("Profile", PROFILE),
    ("Place of Business", "/gst/profile/place-of-business"),
    ("Contacts", "/gst/profile/contacts"),
    ("Other Business", "/gst/profile/other-business"),
];
const PEOPLE: &str = "Name of the Proprietor / Director(s) / Promoter(s)";
const ACTIVITIES: &str = "Nature of Business Activities";
const NOTHING: &str = "Nothing is recorded here.";
const MARKUP: &str = "</dd><script>alert(1)</script> & \"Sons\"";

/// The register knows its name, type, status, one email address and one phone, and nothing else.
const MAGADH: Sample =
    Sample { gstin: "10NPQER9090T1Z1", email: "gst.magadhhandloomstor@example.in", phone: "9876526962" };
/// An office of the United Nations: its number holds no PAN.
const UN_OFFICE: Sample =
    Sample { gstin: "0726UNX90001UNH", email: "gst.unitednationsoffic@example.in", phone: "9876547739" };

/// The tab of that title.
async fn tab(browser: &Browser, title: &str) -> Page {
    let (_, address) = TABS.into_iter().find(|(known, _)| *known == title).unwrap();
    let page = browser.get(address).await;
    page.assert_shows(title);
    page
}

/// What stands in the section that folds under that name.
fn folded(page: &Page, name: &str) -> Vec<String> {
    let names = page.all("main details > summary");
    let at = names.iter().position(|known| known == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    let fold = format!("main details:nth-of-type({})", at + 1);
    [page.all(&format!("{fold} li")), page.all(&format!("{fold} > p"))].concat()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}

// --- Profile ------------------------------------------------------------------------------------

#[actix_web::test]
async fn every_field_of_the_document_is_shown_from_the_register() {
    let app = App::start().await;
    let page = tab(&signed_in(&app).await, "Profile").await;
    let expected = pairs(&[
        ("GSTIN/UIN", "29ABCDE1234F1ZW"),
        ("Legal Name of Business", "ACME PRIVATE LIMITED"),
        ("Centre Jurisdiction", "RANGE-BED5 BENGALURU EAST"),
        ("State Jurisdiction", "LVO 055 A - BENGALURU"),
        ("Date of registration", "01/07/2017"),
        ("Constitution of Business", "Private Limited Company"),
        ("Taxpayer Type", "Regular"),
        ("GSTIN / UIN Status", "Active"),
        ("Compliance Rating", "NA"),
    ]);
    assert_eq!(page.details(), expected);
    assert_eq!(folded(&page, PEOPLE), ["Asha Rao", "Vikram Shetty", "Meera Nair"]);
    assert_eq!(folded(&page, ACTIVITIES), ["Retail Business", "Wholesale Business", "Warehouse / Depot"]);
}

#[actix_web::test]
async fn what_the_register_does_not_know_is_said_to_be_unknown() {
    let app = App::start().await;
    let browser = signed_in_as(&app, &MAGADH, "magadh2026").await;
    let page = tab(&browser, "Profile").await;
    let unknown = "Not known";
    let expected = pairs(&[
        ("GSTIN/UIN", MAGADH.gstin),
        ("Legal Name of Business", "MAGADH HANDLOOM STORES"),
        ("Centre Jurisdiction", unknown),
        ("State Jurisdiction", unknown),
        ("Date of registration", unknown),
        ("Constitution of Business", unknown),
        ("Taxpayer Type", "Regular"),
        ("GSTIN / UIN Status", "Active"),
        ("Compliance Rating", "NA"),
    ]);
    assert_eq!(page.details(), expected);
    assert_eq!(folded(&page, PEOPLE), [NOTHING]);
    assert_eq!(folded(&page, ACTIVITIES), [NOTHING]);

    let page = tab(&browser, "Place of Business").await;
    assert_eq!((page.details(), page.all("main p").contains(&NOTHING.to_owned())), (Vec::new(), true));
    assert_eq!(tab(&browser, "Contacts").await.all("main div > ul > li"), contacts_of(&MAGADH));
    assert!(tab(&browser, "Other Business").await.has(NOTHING));
}

fn contacts_of(who: &Sample) -> Vec<String> {
    [who.email, who.phone].map(str::to_owned).to_vec()
}

#[actix_web::test]
async fn a_uin_has_a_profile_too() {
    let app = App::start().await;
    let browser = signed_in_as(&app, &UN_OFFICE, "unoffice01").await;
    let details = tab(&browser, "Profile").await.details();
    assert!(details.contains(&("GSTIN/UIN".to_owned(), UN_OFFICE.gstin.to_owned())));
    assert!(details.contains(&("Taxpayer Type".to_owned(), "United Nation Body".to_owned())));
    assert!(tab(&browser, "Other Business").await.has(NOTHING));
}

#[actix_web::test]
async fn the_profile_follows_the_register() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    change_register(&app, ACME.gstin, |taxpayer| {
        taxpayer.status = sanad::kernel::taxpayer::Status::parse("Active pending Verification");
        taxpayer.compliance_rating = Some("7.5".to_owned());
    })
    .await;
    let details = tab(&browser, "Profile").await.details();
    for (label, value) in [("GSTIN / UIN Status", "Active pending Verification"), ("Compliance Rating", "7.5")] {
        assert!(details.contains(&(label.to_owned(), value.to_owned())), "{details:?}");
    }
}

// --- Frame --------------------------------------------------------------------------------------

#[actix_web::test]
async fn the_tabs_are_links_of_which_one_is_current() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let expected = TABS.map(|(title, address)| (title.to_owned(), address.to_owned()));
    for (title, _) in TABS {
        let page = tab(&browser, title).await;
        assert_eq!(page.links("main nav ul.row a"), expected);
        assert_eq!(page.all("main nav a[aria-current=page]"), [title]);
    }
}

#[actix_web::test]
async fn the_quick_links_of_the_document_stand_on_every_tab() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (title, _) in TABS {
        let page = tab(&browser, title).await;
        assert_eq!(page.all("main nav h2"), ["Quick Links"]);
        let links = page.links("main nav[aria-labelledby] a");
        let texts: Vec<&str> = links.iter().map(|(text, _)| text.as_str()).collect();
        let expected = [
            "Change Password",
            "Manage API Access",
            "Register / Update DSC",
            "Application to Opt for composition Scheme",
            "Amendment",
            "Stock intimation for opting Composition Scheme",
        ];
        assert_eq!(texts, expected);
    }
}

#[actix_web::test]
async fn the_quick_links_lead_where_they_say() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = tab(&browser, "Profile").await;
    for title in ["Change Password", "Manage API Access"] {
        browser.get(&page.link(title)).await.assert_shows(title);
    }
}

#[actix_web::test]
async fn the_signed_out_log_in_first_and_come_back() {
    let app = App::start().await;
    signed_in(&app).await;
    for (_, address) in TABS {
        let browser = app.browser();
        let login = format!("/gst/login?return={address}");
        browser.get(address).await.assert_leads_to(&login);
        log_in_at(&browser, &login, USERNAME, PASSWORD).await.assert_leads_to(address);
    }
}

// --- Place of business, contacts ----------------------------------------------------------------

#[actix_web::test]
async fn the_place_of_business_is_told_in_the_portals_order() {
    let app = App::start().await;
    let page = tab(&signed_in(&app).await, "Place of Business").await;
    let expected = pairs(&[
        ("Building", "Acme House, 2nd Floor, No. 12"),
        ("Road / Street", "Mahatma Gandhi Road"),
        ("Locality", "Ashok Nagar"),
        ("City", "Bengaluru"),
        ("District", "Bengaluru Urban"),
        ("State", "Karnataka"),
        ("PIN Code", "560001"),
    ]);
    assert_eq!(page.details(), expected);
    let others = ["Plot 7, Peenya Industrial Area, Bengaluru 560058", "Shop 3, Devaraja Market, Mysuru 570001"];
    assert_eq!(page.all("main div > ul > li"), others);
    assert!(!page.has(NOTHING));
}

#[actix_web::test]
async fn a_business_with_one_place_has_no_additional_ones() {
    let app = App::start().await;
    let page = tab(&signed_in_as(&app, &PATEL, "patel2026").await, "Place of Business").await;
    assert!(page.details().contains(&("City".to_owned(), "Ahmedabad".to_owned())));
    assert_eq!(page.all("main p").iter().filter(|text| *text == NOTHING).count(), 1);
}

#[actix_web::test]
async fn the_owner_sees_every_contact_in_full() {
    let app = App::start().await;
    let page = tab(&signed_in(&app).await, "Contacts").await;
    let expected = [ACME.email, ACME_OTHER_EMAIL, ACME.phone, ACME_OTHER_PHONE];
    assert_eq!(page.all("main div > ul > li"), expected);
}

#[actix_web::test]
async fn a_contact_that_is_not_registered_is_said_so() {
    let app = App::start().await;
    let page = tab(&signed_in_as(&app, &CERAMICS, "ceramics2026").await, "Contacts").await;
    assert_eq!(page.all("main div > ul > li"), [CERAMICS.email]);
    assert_eq!(page.all("main p").iter().filter(|text| *text == NOTHING).count(), 1);
}

// --- Other business -----------------------------------------------------------------------------

/// Puts a registration into the register like ACME's, under another number.
async fn register_like_acme(app: &App, gstin: &str, change: impl Fn(&mut Taxpayer) + Send + 'static) {
    let (gstin, now) = (Gstin::parse_sandbox(gstin).unwrap(), app.clock.now());
    let added = app.kit.store.write(move |c| {
        let mut taxpayer = taxpayers::find(c, ACME.gstin)?.unwrap();
        taxpayer.gstin = gstin.clone();
        change(&mut taxpayer);
        taxpayers::upsert(c, &[taxpayer], Source::Import, now)
    });
    added.await.unwrap();
}

#[actix_web::test]
async fn other_business_lists_the_other_registrations_of_the_pan_and_no_more() {
    let app = App::start().await;
    // One letter or digit beside the PAN.
    for like in ["29ABCDE1235F1ZU", "29ABCDF1234F1ZU", "29ABCDE1234G1ZU", "29AABCD1234F1ZU"] {
        register_like_acme(&app, like, |_| {}).await;
    }
    let page = tab(&signed_in(&app).await, "Other Business").await;
    let expected = [
        "27ABCDE1234F1Z0 – Acme Stores Mumbai – Maharashtra – Active",
        "29ABCDE1234F001 – Acme Test 1 – Karnataka – Active",
        "29ABCDE1234F1C7 – Acme Online – Karnataka – Active",
        "29ABCDE1234F2ZV – Acme Cold Chain – Karnataka – Active",
        "29ABCDE1234F3ZU – Acme Shared Services – Karnataka – Active",
    ];
    assert_eq!(page.all("main div > ul > li"), expected);
    for contact in ["mumbai@acme.example", "9876543211"] {
        assert!(!page.html.contains(contact), "{contact}");
    }
}

#[actix_web::test]
async fn another_registration_that_is_hardly_known_is_listed_all_the_same() {
    let app = App::start().await;
    register_like_acme(&app, "33ABCDE1234F1ZZ", |taxpayer| {
        "ACME SOUTH".clone_into(&mut taxpayer.legal_name);
        (taxpayer.trade_name, taxpayer.status) = (None, None);
    })
    .await;
    let page = tab(&signed_in(&app).await, "Other Business").await;
    let entries = page.all("main div > ul > li");
    assert_eq!(entries.last().unwrap(), "33ABCDE1234F1ZZ – ACME SOUTH – Tamil Nadu");
}

#[actix_web::test]
async fn a_pan_with_one_registration_has_no_other_business() {
    let app = App::start().await;
    let page = tab(&signed_in_as(&app, &PATEL, "patel2026").await, "Other Business").await;
    assert!(page.has(NOTHING) && page.all("main div > ul > li").is_empty());
}

// --- Markup -------------------------------------------------------------------------------------

#[actix_web::test]
async fn markup_in_the_register_is_only_text_on_every_tab() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let spoil = |taxpayer: &mut Taxpayer| {
        let text = || Some(MARKUP.to_owned());
        taxpayer.legal_name = MARKUP.to_owned();
        (taxpayer.trade_name, taxpayer.compliance_rating) = (text(), text());
        (taxpayer.centre_jurisdiction, taxpayer.state_jurisdiction) = (text(), text());
        let place = &mut taxpayer.principal_place;
        (place.building, place.street, place.locality, place.city, place.district) =
            (text(), text(), text(), text(), text());
        for list in [&mut taxpayer.people, &mut taxpayer.activities, &mut taxpayer.other_places] {
            *list = vec![MARKUP.to_owned()];
        }
    };
    change_register(&app, ACME.gstin, spoil).await;
    register_like_acme(&app, "33ABCDE1234F1ZZ", spoil).await;
    // As often as the tab has fields of free text.
    for (title, times) in [("Profile", 6), ("Place of Business", 6), ("Contacts", 0), ("Other Business", 1)] {
        let page = tab(&browser, title).await;
        assert!(!page.html.contains("<script>alert"), "{title}");
        assert_eq!(page.text().matches(MARKUP).count(), times, "{}", page.told());
    }
}
