//! The catalogue as Rust source: the second half of `build/words.rs`, which has checked every name by now.

use super::{Catalogue, Language, Text};

/// `Lang`, a method of `Words` for every text, and a type for every text that has arguments.
pub fn catalogue(catalogues: &[Catalogue]) -> String {
    let (mut methods, mut types) = (String::new(), String::new());
    let reference = catalogues.iter().take(1);
    for (name, text) in reference.flat_map(|reference| &reference.texts) {
        methods += &format!("    #[doc = {:?}]\n", text.text);
        if text.arguments.is_empty() {
            methods += &plain_method(name, catalogues);
        } else {
            methods += &opening_method(name, text.arguments.len());
            types += &text_type(name, text, catalogues);
        }
    }
    let languages = languages(catalogues);
    format!("{languages}\nimpl Words {{\n{methods}}}\n{types}")
}

fn languages(catalogues: &[Catalogue]) -> String {
    let (mut variants, mut tags) = (String::new(), String::new());
    for catalogue in catalogues {
        let (file, Language { variant, tag, .. }) = (catalogue.file, catalogue.language);
        variants += &format!("    /// `{file}`\n    {variant},\n");
        tags += &format!("            Lang::{variant} => {tag:?},\n");
    }
    format!(
        "/// The languages of the service, one for every file of `locales/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {{
{variants}}}

impl Lang {{
    /// The BCP 47 tag, for `<html lang>` and `Content-Language`.
    pub fn tag(self) -> &'static str {{
        match self {{
{tags}        }}
    }}
}}
"
    )
}

fn plain_method(name: &str, catalogues: &[Catalogue]) -> String {
    let mut arms = String::new();
    for catalogue in catalogues {
        if let Some(Text { text, .. }) = catalogue.texts.get(name) {
            arms += &format!("            Lang::{} => {text:?},\n", catalogue.language.variant);
        }
    }
    format!(
        "    pub(crate) fn {name}(self) -> &'static str {{
        match self.lang {{
{arms}        }}
    }}
"
    )
}

fn opening_method(name: &str, arguments: usize) -> String {
    format!(
        "    pub(crate) fn {name}(self) -> {name}<{}> {{
        {name}(self.lang{})
    }}
",
        vec!["Unset"; arguments].join(", "),
        ", Unset".repeat(arguments),
    )
}

/// The struct (field 0 is the language, then the arguments), a setter for each argument that is still unset,
/// and `Display` for the struct that has them all.
fn text_type(name: &str, text: &Text, catalogues: &[Catalogue]) -> String {
    let arguments: Vec<&str> = text.arguments.iter().map(String::as_str).collect();
    let types: Vec<String> = (1..=arguments.len()).map(|place| format!("T{place}")).collect();
    let bounds: Vec<&str> = arguments.iter().map(|argument| bound(text, argument)).collect();
    let all = types.join(", ");
    let mut out = format!("\n#[derive(Clone, Copy)]\npub(crate) struct {name}<{all}>(Lang, {all});\n");
    for (place, (argument, bound)) in arguments.iter().zip(&bounds).enumerate() {
        out += &setter(name, argument, bound, place, &types);
    }
    let bounded: Vec<String> = types.iter().zip(&bounds).map(|(t, bound)| format!("{t}: {bound}")).collect();
    let arms: String =
        catalogues.iter().filter_map(|catalogue| Some(display_arms(catalogue, catalogue.texts.get(name)?))).collect();
    out + &format!(
        "
impl<{}> Display for {name}<{all}> {{
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {{
        match self.0 {{
{arms}        }}
    }}
}}
",
        bounded.join(", "),
    )
}

/// What an argument must be able to do: choose between the forms of a plural, or only be written.
fn bound(text: &Text, argument: &str) -> &'static str {
    if text.one.is_some() && argument == "n" { "Count" } else { "Display" }
}

fn setter(name: &str, argument: &str, bound: &str, place: usize, types: &[String]) -> String {
    let with = |here: &str| {
        let types = types.iter().enumerate().map(|(at, t)| if at == place { here } else { t });
        types.collect::<Vec<_>>().join(", ")
    };
    let others: Vec<&str> = types.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, t)| t.as_str()).collect();
    let generics = if others.is_empty() { String::new() } else { format!("<{}>", others.join(", ")) };
    let values: String = (0..types.len())
        .map(|at| if at == place { format!(", {argument}") } else { format!(", self.{}", at + 1) })
        .collect();
    format!(
        "
impl{generics} {name}<{}> {{
    pub(crate) fn {argument}<T: {bound}>(self, {argument}: T) -> {name}<{}> {{
        {name}(self.0{values})
    }}
}}
",
        with("Unset"),
        with("T"),
    )
}

fn display_arms(catalogue: &Catalogue, text: &Text) -> String {
    let Language { variant, one_when, .. } = catalogue.language;
    let arm = |condition: &str, form: &str| {
        let used: String = (text.arguments.iter().zip(1..))
            .filter(|(argument, _)| form.contains(&format!("{{{argument}}}")))
            .map(|(argument, place)| format!(", {argument} = self.{place}"))
            .collect();
        format!("            Lang::{variant}{condition} => write!(f, {form:?}{used}),\n")
    };
    match &text.one {
        Some(one) => {
            let place = text.arguments.iter().take_while(|argument| *argument != "n").count() + 1;
            let condition = format!(" if {{ let n = self.{place}.count(); {one_when} }}");
            arm(&condition, one) + &arm("", &text.text)
        }
        None => arm("", &text.text),
    }
}
