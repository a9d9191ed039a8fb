declare module 'virtual:codes/*' {
  const sections: import('../codes').CodeSection[];
  export default sections;
}
