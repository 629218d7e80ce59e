/*
 * What script adds to pages that work without it (screens.md 2.8). No words, no address and no markup in here:
 * the templates hand them over in these attributes. A feature whose attributes are missing does not start.
 *
 * <body>
 *   data-show-password, data-hide-password   the button beside every password field
 *   data-rule-done                           read out behind a rule that is met
 *   data-strength-weak, -fair, -good, -strong    whole texts
 *   data-copy-label, data-copied, data-sending
 * <input type="password" data-rules="ID">    ID is the list of rules: <ul id="ID">, with an
 *   <li data-rule="length" data-min="8">     and number, alphabet, special, plain (printable ASCII). A rule that
 *                                            only the server can judge has no data-rule
 * <input class="gstin" data-check-hint="…">  hint when the last character does not match
 * <p data-resend-at="S" data-now="S"         S: seconds since 1970, of the server: its clock counts, not ours
 *    data-resend-text="… {time}"             the countdown: {time} becomes 0:24
 *    data-resend-ready="…">                  said once at zero. Text of <p>: the sentence with the clock time
 * <p data-session-ends="S" data-now="S"
 *    data-session-title="… {time} …"         heading of the dialog: {time} becomes 17:15, in India
 *    data-session-text="… {time} …"          new text of <p> after 'Stay signed in'
 *    data-session-over="…">                   new text of <p> when the time is up
 * <template id="session-dialog">             two POST forms: 'Stay signed in', 'Sign out'. The first leads to a
 *                                            page with data-session-ends
 * <select data-ends="… {time}" data-now="S">     values such as 6h or 30d: said below is when that would be over
 * <dd data-copy="…">                         what to copy; empty: the element's own text.
 * <p data-print="Print this page">           where the button goes
 * <p data-reload="2000">                     the page is read anew after so many milliseconds
 */
(function () {
  'use strict';

  const words = document.body.dataset;

  // Nothing in here may ever break a page: a feature that throws is given up, and the page goes on without it.
  function safely(act) {
    return function (event) {
      try {
        return act(event);
      } catch (error) {
        console.error(error);
      }
    };
  }

  function on(target, type, act) {
    target.addEventListener(type, safely(act));
  }

  function each(selector, act) {
    document.querySelectorAll(selector).forEach((element) => safely(act)(element));
  }

  function make(name, attributes, text) {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.textContent = text || '';
    return element;
  }

  // A line that screen readers read out when it changes. It must be on the page before it says anything.
  function statusLine(hidden) {
    return make('p', { role: 'status', class: hidden ? 'vh' : 'hint' });
  }

  let ids = 0;
  function idOf(element) {
    element.id = element.id || 'js-' + ++ids;
    return element.id;
  }

  // Seconds left until `end`. Only a difference is taken from the visitor's clock, which may be wrong.
  function countdown(end, now) {
    const start = Date.now();
    return () => Math.ceil(end - now - (Date.now() - start) / 1000);
  }

  // The text with a moment as it reads in India: 17:15, with more fields 28/11/2026 17:15.
  function withTime(text, end, fields) {
    const clock = { ...fields, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Kolkata' };
    return text.replace('{time}', new Intl.DateTimeFormat('en-GB', clock).format(end * 1000).replace(',', ''));
  }

  // Calls `tick` with the seconds left, at once and every second, until it has been called with 0.
  function everySecond(left, tick) {
    const timer = setInterval(safely(run), 1000);
    function run() {
      const seconds = Math.max(0, left());
      if (seconds === 0) clearInterval(timer);
      tick(seconds);
    }
    safely(run)();
    return () => clearInterval(timer);
  }

  // Show and hide a password.
  function passwordButton(input) {
    if (!words.showPassword || !words.hidePassword) return;
    const button = make('button', { type: 'button', class: 'sec' });
    function show(shown) {
      input.type = shown ? 'text' : 'password';
      button.textContent = shown ? words.hidePassword : words.showPassword;
      button.setAttribute('aria-pressed', String(shown));
    }
    button.setAttribute('aria-controls', idOf(input));
    // With two fields on a page, their labels tell the two buttons apart.
    if (input.labels.length) button.setAttribute('aria-describedby', idOf(input.labels[0]));
    input.classList.add('password'); // a shown password is not printed either
    show(false);
    input.after(button);
    on(button, 'click', () => show(input.type === 'password'));
    // Sent as a password, so that the browser does not keep it as a text for next time; hidden again on 'back'.
    if (input.form) on(input.form, 'submit', () => show(false));
    on(window, 'pagehide', () => show(false));
  }

  // Rules of a password, as the server judges them (Unicode; length counted in code points after NFC).
  const rules = {
    length: (value, min) => Array.from(value).length >= min,
    number: (value) => /\p{N}/u.test(value),
    alphabet: (value) => /\p{Alphabetic}/u.test(value),
    special: (value) => /[^\p{N}\p{Alphabetic}]/u.test(value),
    plain: (value) => value !== '' && /^[\x20-\x7e]*$/.test(value),
  };

  // 1 weak to 4 strong, a rough guess for the meter only. Runs like 123 or aaa count as one character, few
  // different characters as few, and 'Word@123' is what everybody tries first.
  function strength(value) {
    const folded = Array.from(value.toLowerCase());
    const worth = folded.filter((c, i) => {
      const step = i === 0 ? 9 : c.codePointAt(0) - folded[i - 1].codePointAt(0);
      return step < -1 || step > 1;
    });
    const size = Math.min(worth.length, 2 * new Set(folded).size);
    if (size < 8 || (size < 14 && /^\p{L}+[^\p{L}\p{N}]?\p{N}+[^\p{L}\p{N}]?$/u.test(value))) return 1;
    return size < 11 ? 2 : size < 15 ? 3 : 4;
  }

  function passwordRules(input) {
    const list = document.getElementById(input.dataset.rules);
    const names = [words.strengthWeak, words.strengthFair, words.strengthGood, words.strengthStrong];
    const ticks = Array.from(list.querySelectorAll('[data-rule]')).filter((item) => rules[item.dataset.rule]);
    const status = statusLine();
    const meter = make('meter', { min: 0, max: 4, low: 2, high: 3, optimum: 4, 'aria-hidden': 'true' });
    let timer;

    function tick(item, met) {
      if (item.classList.contains('met') === met) return;
      item.classList.toggle('met', met);
      item.querySelectorAll('span').forEach((mark) => mark.remove());
      if (!met) return;
      item.append(make('span', { 'aria-hidden': 'true' }, ' ✓'));
      item.append(make('span', { class: 'vh' }, ' ' + (words.ruleDone || '')));
    }

    function judge() {
      const value = input.value.normalize('NFC');
      let all = true;
      ticks.forEach((item) => {
        const met = rules[item.dataset.rule](value, Number(item.dataset.min));
        all = all && met;
        tick(item, met);
      });
      const score = value === '' ? 0 : all ? strength(value) : 1;
      meter.value = score;
      // Said only when typing has paused, else every key would talk.
      clearTimeout(timer);
      timer = setTimeout(safely(() => {
        status.textContent = score ? names[score - 1] : '';
      }), 1000);
    }

    if (names.every(Boolean)) input.after(status, meter);
    on(input, 'input', judge);
    judge();
  }

  // The wait before another OTP. The button stays operable: the server knows better.
  function resendCountdown(line) {
    const { resendAt, now, resendText, resendReady } = line.dataset;
    if (!resendText || !resendReady) return;
    const spoken = make('span', { class: 'vh' }, line.textContent);
    const clock = make('span', { 'aria-hidden': 'true' });
    const status = statusLine();
    line.replaceChildren(spoken, clock);
    line.after(status);
    everySecond(countdown(Number(resendAt), Number(now)), (seconds) => {
      const time = Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
      clock.textContent = resendText.replace('{time}', time);
      if (seconds > 0) return;
      line.remove();
      status.textContent = resendReady;
    });
  }

  // A phone that got the OTP by SMS offers to fill it in. The person still presses the button.
  function webOtp(input) {
    if (!('OTPCredential' in window) || !input.form) return;
    const stop = new AbortController();
    on(input.form, 'submit', () => stop.abort());
    navigator.credentials.get({ otp: { transport: ['sms'] }, signal: stop.signal }).then((otp) => {
      if (otp && input.value === '') input.value = otp.code;
    }).catch(() => {}); // refused, or stopped: the field is still there
  }

  // When a span of time would be over that began now.
  function endPreview(select) {
    const { ends, now } = select.dataset;
    const start = Date.now();
    const status = statusLine();
    select.after(status);
    on(select, 'change', () => {
      const [, count, unit] = select.value.match(/^(\d+)([hd])$/) || [];
      const end = Number(now) + (Date.now() - start) / 1000 + count * (unit === 'd' ? 86400 : 3600);
      const day = { day: '2-digit', month: '2-digit', year: 'numeric' };
      status.textContent = count ? withTime(ends, end, day) : '';
    });
  }

  function copyButton(element) {
    const label = words.copyLabel;
    const text = element.dataset.copy || element.textContent.trim();
    // Without https there is no clipboard.
    if (!label || !navigator.clipboard) return;
    const button = make('button', { type: 'button', class: 'sec' }, label);
    const status = make('span', { role: 'status', class: 'hint' });
    element.append(' ', button, ' ', status);
    on(button, 'click', () => {
      status.textContent = '';
      navigator.clipboard.writeText(text).then(() => {
        status.textContent = words.copied || '';
      }).catch(console.error);
    });
  }

  // The 15th character of a GSTIN follows from the 14 before it (base 36, weights 1 and 2 in turn).
  function checkCharacter(fourteen) {
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const sum = Array.from(fourteen).reduce((total, character, place) => {
      const product = digits.indexOf(character) * (1 + (place % 2));
      return total + Math.floor(product / 36) + (product % 36);
    }, 0);
    return digits[(36 - (sum % 36)) % 36];
  }

  function gstinField(input) {
    const status = statusLine();
    input.after(status);
    on(input, 'change', () => {
      input.value = input.value.toUpperCase();
      const gstin = input.value.replace(/[\s\p{Cf}\p{Pd}]/gu, '');
      const wrong = /^\d{2}[0-9A-Z]{13}$/.test(gstin) && checkCharacter(gstin.slice(0, 14)) !== gstin[14];
      // Not at once: the field is left by pressing a button, and a hint that appears then moves it away.
      setTimeout(() => { status.textContent = wrong ? input.dataset.checkHint || '' : ''; }, 500);
    });
  }

  // One press sends once. The server would cope; the guard saves the person from wondering.
  function doubleSubmitGuard(form) {
    const status = statusLine();
    let button = null;
    let sending = false;
    let timer;

    function release() {
      clearTimeout(timer);
      sending = false;
      status.textContent = '';
      if (button) button.removeAttribute('aria-disabled');
    }

    form.append(status);
    on(form, 'submit', (event) => {
      if (event.defaultPrevented) return;
      if (sending) return event.preventDefault();
      sending = true;
      button = event.submitter;
      status.textContent = words.sending || '';
      // aria-disabled, not disabled: focus stays, and the button's own name and value are sent.
      if (button) button.setAttribute('aria-disabled', 'true');
      timer = setTimeout(safely(release), 10000); // sending was stopped, or the answer was a download
    });
    // Back in a page that the browser kept as it was.
    on(window, 'pageshow', (event) => event.persisted && release());
  }

  // Two minutes before a session ends for want of use, offers to go on.
  function sessionDialog(line) {
    const template = document.getElementById('session-dialog');
    const { sessionTitle, sessionText, sessionOver } = line.dataset;
    if (!template || !sessionTitle || !window.HTMLDialogElement) return;
    const title = make('h2', {});
    const dialog = make('dialog', { 'aria-labelledby': idOf(title) });
    const buttons = make('div', { class: 'row' });
    buttons.append(template.content.cloneNode(true));
    dialog.append(title, buttons);
    document.body.append(dialog);
    let stop = () => {};

    function watch(end, now) {
      let offered = false;
      stop();
      title.textContent = withTime(sessionTitle, end, {});
      stop = everySecond(countdown(end, now), (seconds) => {
        // At the end the way is free again: what was typed may still be sent, and is kept for the next sign-in.
        if (seconds === 0) {
          dialog.close();
          line.textContent = sessionOver || line.textContent;
        } else if (seconds <= 120 && !offered) {
          offered = true;
          dialog.showModal();
        }
      });
    }

    // Sent behind the page, so that nothing typed in it is lost. Where that fails, as an ordinary form.
    const stay = buttons.querySelector('form');
    on(stay, 'submit', (event) => {
      event.preventDefault();
      fetch(stay.action, { method: 'POST', body: new URLSearchParams(new FormData(stay)) })
        .then((answer) => answer.text())
        .then((page) => {
          const [end, now] = ['data-session-ends', 'data-now'].map((name) => {
            const element = page.match(/<[^>]*\sdata-session-ends="[^>]*>/)[0];
            return Number(element.match(new RegExp('\\s' + name + '="(\\d+)"'))[1]);
          });
          dialog.close();
          if (sessionText) line.textContent = withTime(sessionText, end, {});
          watch(end, now);
        })
        .catch(() => stay.submit());
    });
    watch(Number(line.dataset.sessionEnds), Number(line.dataset.now));
  }

  each('input[data-rules]', passwordRules);
  each('input[type=password]', passwordButton);
  each('[data-resend-at]', resendCountdown);
  each('input[autocomplete=one-time-code]', webOtp);
  each('select[data-ends]', endPreview);
  each('[data-copy]', copyButton);
  each('[data-print]', (place) => {
    const button = make('button', { type: 'button', class: 'sec' }, place.dataset.print);
    on(button, 'click', () => window.print());
    place.append(button);
  });
  each('[data-reload]', (place) => setTimeout(() => location.reload(), Number(place.dataset.reload)));
  each('input.gstin', gstinField);
  each('[data-session-ends]', sessionDialog);
  each('form[method=post]', doubleSubmitGuard);
})();
