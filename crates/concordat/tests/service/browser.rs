//! A browser without a screen: it keeps cookies for each address, and goes where it is led.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;

use super::{Answer, Service, read_answer};

#[derive(Clone, Default)]
pub struct Browser {
    pub jar: BTreeMap<(SocketAddr, String), String>,
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

impl Browser {
    /// Sends a request with the cookies of that address, and keeps those of the answer.
    pub async fn send<W>(
        &mut self,
        service: &Service<W>,
        at: SocketAddr,
        (method, path): (&str, &str),
        more: &str,
        body: &str,
    ) -> Answer {
        let cookies = self.jar.iter().filter(|((of, _), _)| *of == at);
        let cookies = cookies.map(|((_, name), value)| format!("{name}={value}"));
        let cookies: Vec<_> = cookies.collect();
        let cookies = match cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", cookies.join("; ")),
        };
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{cookies}{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = service.connect_to(at, None).await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
        for (_, cookie) in lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let key = (at, name.to_owned());
            if value.is_empty() || rest.contains("Max-Age=0") || rest.contains("1970") {
                self.jar.remove(&key);
            } else {
                self.jar.insert(key, value.to_owned());
            }
        }
        answer
    }

    pub async fn get<W>(&mut self, service: &Service<W>, path: &str) -> Answer {
        let at = service.address;
        self.send(service, at, ("GET", path), "", "").await
    }

    /// A write as a page of the service sends it, under this idempotency key.
    pub async fn post<W>(
        &mut self,
        service: &Service<W>,
        path: &str,
        key: &str,
        body: &str,
    ) -> Answer {
        let csrf = self.csrf(service).await;
        let more = format!(
            "Origin: https://{}\r\nSec-Fetch-Site: same-origin\r\nX-CSRF-Token: {csrf}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\n",
            service.address
        );
        let at = service.address;
        self.send(service, at, ("POST", path), &more, body).await
    }

    /// The token of this browser's session.
    pub async fn csrf<W>(&mut self, service: &Service<W>) -> String {
        let answer = self.get(service, "/session").await;
        let json = answer.json();
        json["csrf"].as_str().unwrap_or_default().to_owned()
    }

    /// Presses the button of the page.
    pub async fn sign_out<W>(&mut self, service: &Service<W>) -> Answer {
        self.presses(service, "/sign-out").await
    }

    /// Presses the button of the page that leads to this path.
    pub async fn presses<W>(&mut self, service: &Service<W>, path: &str) -> Answer {
        let csrf = self.csrf(service).await;
        let more = format!("{FORM}Origin: https://{}\r\n", service.address);
        let at = service.address;
        let body = format!("csrf={csrf}");
        self.send(service, at, ("POST", path), &more, &body).await
    }

    /// Goes from this page of the service through the provider's forms, as this subject, until the service answers with
    /// a page. Gives that, and how often the provider asked who it is.
    pub async fn through<W>(
        &mut self,
        service: &Service<W>,
        from: &str,
        subject: &str,
    ) -> (Answer, usize) {
        let (mut at, mut path, mut asked) = (service.address, from.to_owned(), 0);
        for _ in 0..20 {
            let mut answer = self.send(service, at, ("GET", &path), "", "").await;
            if at != service.address && answer.status == 200 {
                let prompt = if answer.body.contains("value=\"login\"") {
                    asked += 1;
                    "login"
                } else {
                    "consent"
                };
                let form = format!("prompt={prompt}&login={subject}&password=x");
                answer = self.send(service, at, ("POST", &path), FORM, &form).await;
            }
            let Some(to) = answer.header("location") else {
                return (answer, asked);
            };
            (at, path) = led(at, &to);
        }
        panic!("led around in a circle");
    }
}

/// Where an address leads to from here.
pub fn led(at: SocketAddr, to: &str) -> (SocketAddr, String) {
    let Some(rest) = to.strip_prefix("https://") else {
        return (at, to.to_owned());
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    (host.parse().unwrap(), format!("/{path}"))
}
