import { useEffect } from 'react';

const WATCHED = ['aria-expanded', 'aria-controls', 'aria-activedescendant'];

/**
 * Lists that Ant Design opens below a field have no name of their own: each gets that of its field, which points
 * to it by `aria-controls`. One that has nothing to choose is no list: it says so, and nothing in it is active.
 */
export function useListNames(): void {
  useEffect(() => {
    const observer = new MutationObserver((changes) => {
      for (const { target } of changes) {
        if (target instanceof HTMLInputElement && target.getAttribute('aria-expanded') === 'true') {
          // The list comes into the page a little after its field says that it is open.
          requestAnimationFrame(() => mend(target));
        }
      }
    });
    observer.observe(document.body, { subtree: true, attributeFilter: WATCHED });
    return () => observer.disconnect();
  }, []);
}

function mend(field: HTMLInputElement): void {
  const list = document.getElementById(field.getAttribute('aria-controls') ?? '');
  if (list === null) return;
  if (list.classList.contains('ant-select-item-empty')) {
    list.setAttribute('role', 'status');
    field.removeAttribute('aria-activedescendant');
    return;
  }
  if (list.hasAttribute('aria-label')) return;
  const named = document.getElementById(field.getAttribute('aria-labelledby') ?? '');
  const text = field.ariaLabel ?? named?.textContent ?? field.labels?.[0]?.textContent;
  if (text) list.setAttribute('aria-label', text);
}
