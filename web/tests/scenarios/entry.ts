import { ensure, type Scenario, step } from '../scenario';

/** The first minute of an empty server: its address with the token, the first administrator, out and in again. */
export const firstMinute = [
  step('opens the set-up address', async ({ person, told }) => {
    await person.open(`/set-up#token=${told('token')}`);
    await person.seesHeading('Set up Godwit');
    ensure(!person.page.url().includes('token'), 'the token stays in the address');
  }),
  step('is told what is missing', async ({ person }) => {
    await person.press('Create administrator');
    await person.sees('This is needed');
    await person.fill('Name', 'ann');
    await person.labelled('Password').fill('short');
    await person.sees('At least 12 characters');
  }),
  step('makes the first administrator', async ({ person, told }) => {
    await person.labelled('Password').fill(told('password'));
    await person.fill('Password again', told('password'));
    await person.press('Create administrator');
    await person.seesHeading('Projects');
  }),
];

export const entry: Scenario = {
  name: 'entry',
  steps: [
    ...firstMinute,
    step('logs out', async ({ person }) => {
      await person.menu(/(^| )ann$/, 'Log out');
      await person.seesHeading('Log in to Godwit');
    }),
    step('is not let in with a wrong password', async ({ person }) => {
      await person.fill('Name', 'ann');
      await person.fill('Password', 'not the password of ann');
      await person.press('Log in');
      await person.sees('The name or the password is wrong');
    }),
    step('comes back to where it wanted to go', async ({ person, told }) => {
      await person.open('/resource-groups');
      await person.seesHeading('Log in to Godwit');
      await person.fill('Name', 'ann');
      await person.fill('Password', told('password'));
      await person.press('Log in');
      await person.seesHeading('Resource groups');
    }),
    step('cannot set up a second time', async ({ person, told }) => {
      person.watch.mayRefuse(/^POST \/api\/v1\/set-up$/);
      await person.open(`/set-up#token=${told('token')}`);
      await person.fill('Name', 'eve');
      await person.labelled('Password').fill(told('password'));
      await person.fill('Password again', told('password'));
      await person.press('Create administrator');
      await person.sees('SET_UP_DONE');
    }),
  ],
};
