/// The languages of the service, one for every file of `locales/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// `locales/en.toml`
    En,
    /// `locales/hi.toml`
    Hi,
}

impl Lang {
    /// The BCP 47 tag, for `<html lang>` and `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en-IN",
            Lang::Hi => "hi-IN",
        }
    }
}

impl Words {
    #[doc = "We sent a {digits}-digit OTP to {email}. It works until {time} IST."]
    pub(crate) fn otp_sent(self) -> otp_sent<Unset, Unset, Unset> {
        otp_sent(self.lang, Unset, Unset, Unset)
    }
    #[doc = "You have {n} tries left."]
    pub(crate) fn otp_tries(self) -> otp_tries<Unset> {
        otp_tries(self.lang, Unset)
    }
    #[doc = "{name}, wait {n} seconds."]
    pub(crate) fn otp_wait_seconds(self) -> otp_wait_seconds<Unset, Unset> {
        otp_wait_seconds(self.lang, Unset, Unset)
    }
    #[doc = "Home & \"start\""]
    pub(crate) fn ui_home(self) -> &'static str {
        match self.lang {
            Lang::En => "Home & \"start\"",
            Lang::Hi => "म\u{941}खप\u{943}ष\u{94d}ठ",
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct otp_sent<T1, T2, T3>(Lang, T1, T2, T3);

impl<T2, T3> otp_sent<Unset, T2, T3> {
    pub(crate) fn digits<T: Display>(self, digits: T) -> otp_sent<T, T2, T3> {
        otp_sent(self.0, digits, self.2, self.3)
    }
}

impl<T1, T3> otp_sent<T1, Unset, T3> {
    pub(crate) fn email<T: Display>(self, email: T) -> otp_sent<T1, T, T3> {
        otp_sent(self.0, self.1, email, self.3)
    }
}

impl<T1, T2> otp_sent<T1, T2, Unset> {
    pub(crate) fn time<T: Display>(self, time: T) -> otp_sent<T1, T2, T> {
        otp_sent(self.0, self.1, self.2, time)
    }
}

impl<T1: Display, T2: Display, T3: Display> Display for otp_sent<T1, T2, T3> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Lang::En => write!(f, "We sent a {digits}-digit OTP to {email}. It works until {time} IST.", digits = self.1, email = self.2, time = self.3),
            Lang::Hi => write!(f, "{email} पर {digits} अ\u{902}को\u{902} का OTP भ\u{947}जा गया। यह {time} IST तक मान\u{94d}य ह\u{948}।", digits = self.1, email = self.2, time = self.3),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct otp_tries<T1>(Lang, T1);

impl otp_tries<Unset> {
    pub(crate) fn n<T: Count>(self, n: T) -> otp_tries<T> {
        otp_tries(self.0, n)
    }
}

impl<T1: Count> Display for otp_tries<T1> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Lang::En if { let n = self.1.count(); n == 1 } => write!(f, "You have 1 try left."),
            Lang::En => write!(f, "You have {n} tries left.", n = self.1),
            Lang::Hi if { let n = self.1.count(); n == 0 || n == 1 } => write!(f, "{n} प\u{94d}रयास श\u{947}ष ह\u{948}।", n = self.1),
            Lang::Hi => write!(f, "{n} प\u{94d}रयास श\u{947}ष ह\u{948}\u{902}।", n = self.1),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct otp_wait_seconds<T1, T2>(Lang, T1, T2);

impl<T2> otp_wait_seconds<Unset, T2> {
    pub(crate) fn n<T: Count>(self, n: T) -> otp_wait_seconds<T, T2> {
        otp_wait_seconds(self.0, n, self.2)
    }
}

impl<T1> otp_wait_seconds<T1, Unset> {
    pub(crate) fn name<T: Display>(self, name: T) -> otp_wait_seconds<T1, T> {
        otp_wait_seconds(self.0, self.1, name)
    }
}

impl<T1: Count, T2: Display> Display for otp_wait_seconds<T1, T2> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Lang::En if { let n = self.1.count(); n == 1 } => write!(f, "{name}, wait {n} second.", n = self.1, name = self.2),
            Lang::En => write!(f, "{name}, wait {n} seconds.", n = self.1, name = self.2),
            Lang::Hi if { let n = self.1.count(); n == 0 || n == 1 } => write!(f, "{name}, {n} स\u{947}क\u{902}ड र\u{941}क\u{947}\u{902}।", n = self.1, name = self.2),
            Lang::Hi => write!(f, "{name}, {n} स\u{947}क\u{902}ड र\u{941}क\u{947}\u{902}।", n = self.1, name = self.2),
        }
    }
}
