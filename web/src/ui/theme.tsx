import { theme as antTheme, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { useLanguage } from './texts';

/** What a person chose; `system` follows the machine's. */
export type Shade = 'light' | 'dark' | 'system';

const KEPT = 'godwit.shade';
const DARK = window.matchMedia?.('(prefers-color-scheme: dark)');

const ShadeContext = createContext<{ shade: Shade; setShade: (shade: Shade) => void; isDark: boolean }>({
  shade: 'system',
  setShade: () => {},
  isDark: false,
});

export function useShade() {
  return useContext(ShadeContext);
}

function keptShade(): Shade {
  const kept = localStorage.getItem(KEPT);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** The nonce that lets styles in under the security policy. */
export const NONCE = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content || undefined;

export function Theme({ children }: { children: ReactNode }) {
  const [shade, setShade] = useState(keptShade);
  const [systemDark, setSystemDark] = useState(DARK?.matches ?? false);
  useEffect(() => {
    const heed = (event: MediaQueryListEvent) => setSystemDark(event.matches);
    DARK?.addEventListener('change', heed);
    return () => DARK?.removeEventListener('change', heed);
  }, []);
  const isDark = shade === 'dark' || (shade === 'system' && systemDark);
  useEffect(() => {
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light';
  }, [isDark]);
  const language = useLanguage();
  const value = useMemo(
    () => ({
      shade,
      isDark,
      setShade: (next: Shade) => {
        localStorage.setItem(KEPT, next);
        setShade(next);
      },
    }),
    [shade, isDark],
  );
  return (
    <ShadeContext.Provider value={value}>
      <ConfigProvider
        csp={{ nonce: NONCE }}
        // Two Chinese characters are one name, without a blank between them.
        button={{ autoInsertSpace: false }}
        locale={language === 'zh' ? zhCN : enUS}
        theme={{
          algorithm: isDark ? antTheme.darkAlgorithm : antTheme.defaultAlgorithm,
          token: {
            // Texts in these colours, and texts on them, have 4.5 to 1.
            colorPrimary: isDark ? '#2aa3b3' : '#0b6b78',
            colorError: isDark ? '#e8696b' : '#c62828',
            colorSuccess: isDark ? '#6fcf3c' : '#2b7a0b',
            colorWarning: isDark ? '#d89614' : '#8f5b00',
            colorInfo: isDark ? '#2aa3b3' : '#0b6b78',
            colorLink: isDark ? '#4fc0cf' : '#0b6b78',
            // 4.5 to 1 on the page's ground, as secondary texts need it.
            colorTextSecondary: isDark ? 'rgba(255,255,255,0.70)' : 'rgba(0,0,0,0.65)',
            colorTextTertiary: isDark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.58)',
            colorTextDescription: isDark ? 'rgba(255,255,255,0.66)' : 'rgba(0,0,0,0.60)',
            colorTextPlaceholder: isDark ? 'rgba(255,255,255,0.60)' : 'rgba(0,0,0,0.56)',
            // Derived from so dark a colour they would be grey.
            ...(isDark
              ? {}
              : {
                  colorPrimaryBg: '#e6f4f5',
                  colorPrimaryBgHover: '#d3ebee',
                  colorInfoBg: '#e6f4f5',
                  colorWarningBg: '#fffbe6',
                  colorWarningBorder: '#ffe58f',
                  colorErrorBg: '#fff1f0',
                  colorErrorBorder: '#ffccc7',
                  colorSuccessBg: '#f3faee',
                  colorSuccessBorder: '#c3e6b0',
                  colorInfoBorder: '#9fd3da',
                  controlItemBgActive: '#e6f4f5',
                  controlItemBgActiveHover: '#d3ebee',
                }),
            borderRadius: 6,
            fontFamily:
              '-apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Noto Sans CJK SC", sans-serif',
            fontFamilyCode: '"JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
            motion: !window.matchMedia?.('(prefers-reduced-motion: reduce)').matches,
          },
          components: {
            Button: isDark ? { primaryColor: '#00191d', dangerColor: '#1f0000' } : {},
            Menu: {
              itemHeight: 36,
              itemMarginBlock: 2,
              itemSelectedBg: isDark ? '#123c43' : '#e2f1f3',
              itemSelectedColor: isDark ? '#7fd6e2' : '#084f59',
            },
          },
        }}
      >
        <Ground>{children}</Ground>
      </ConfigProvider>
    </ShadeContext.Provider>
  );
}

/** What texts look like that no component of Ant Design gives a look. */
function Ground({ children }: { children: ReactNode }) {
  const { token } = antTheme.useToken();
  return (
    <div
      style={{
        height: '100%',
        color: token.colorText,
        background: token.colorBgLayout,
        fontFamily: token.fontFamily,
        fontSize: token.fontSize,
        lineHeight: token.lineHeight,
      }}
    >
      {children}
    </div>
  );
}
