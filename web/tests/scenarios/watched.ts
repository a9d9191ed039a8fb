import { ensure, type Scenario, step } from '../scenario';

/** What no page may do; each is done on purpose by one who is told to. */
const DEEDS: Record<string, () => void> = {
  nothing: () => {},
  'an error in the console': () => console.error('on purpose'),
  'a warning in the console': () => console.warn('on purpose'),
  'an exception that nobody catches': () => {
    setTimeout(() => {
      throw new Error('on purpose');
    });
  },
  'a promise that is broken': () => {
    void Promise.reject(new Error('on purpose'));
  },
  'a script in the page itself': () => {
    const script = document.createElement('script');
    script.textContent = '1';
    document.head.append(script);
  },
  'a style without its nonce': () => {
    document.head.append(document.createElement('style'));
    document.head.lastElementChild?.append('p { color: red }');
  },
  'a style in an attribute': () => document.body.setAttribute('style', 'color: red'),
  'a request to another host': () => {
    void fetch('http://127.0.0.2:9/').catch(() => {});
  },
  'a picture of another host': () => {
    const image = new Image();
    image.src = 'http://127.0.0.2:9/picture.png';
    document.body.append(image);
  },
  'a request that is refused': () => {
    void fetch('/api/v1/nothing-of-this-name');
  },
  'a dialog of the browser': () => {
    setTimeout(() => alert('on purpose'));
  },
};

export const watched: Scenario = {
  name: 'watched',
  steps: [
    step('opens a page', async ({ person }) => {
      await person.open('/login');
      await person.seesHeading('Log in to Godwit');
    }),
    step('does it', async ({ person, told, figures }) => {
      const deed = DEEDS[told('deed')];
      ensure(deed, `nobody knows how to do ${told('deed')}`);
      figures.deeds = Object.keys(DEEDS).filter((name) => name !== 'nothing');
      await person.page.evaluate(deed);
      await person.page.waitForTimeout(700);
    }),
  ],
};
