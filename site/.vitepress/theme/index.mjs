// VitePress' own theme, with what its style lacks for these pages.

import Theme from 'vitepress/theme-without-fonts';
import './style.css';

export default Theme;
